// Vectors of 16 lanes, in whatever registers the path has.
#ifndef TK_LANES_TYPES_H
#define TK_LANES_TYPES_H
#include "inside.h"

#pragma clang diagnostic ignored "-Wpsabi" // vectors are passed between inlined functions only

typedef float floats __attribute__((vector_size(64)));
typedef int32_t ints __attribute__((vector_size(64)));
typedef uint32_t words __attribute__((vector_size(64)));
typedef double doubles __attribute__((vector_size(128)));
typedef uint16_t halves __attribute__((vector_size(32)));
typedef int16_t shorts __attribute__((vector_size(32)));
typedef int16_t shorts32 __attribute__((vector_size(64)));
typedef int8_t bytes32 __attribute__((vector_size(32)));
enum { LANES = 16 };
#endif
