// AVX2, FMA and F16C: products of 16-bit integers in pairs, which are exact.
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <string.h>
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#define TK_IN_FLIGHT 4
#include "lanes.h"
static void avx2_matmul(int type, const void *tiles, size_t row_tiles, size_t blocks, const void *acts, size_t act_stride,
                            size_t n, float *out, size_t out_stride, int add) {
    if (!tk_is_float(type)) { tk_portable_table.matmul(type, tiles, row_tiles, blocks, acts, act_stride, n, out, out_stride, add); return; }
    float_matmul(type, tiles, row_tiles, blocks, acts, act_stride, n, out, out_stride, add);
}
const struct tk_table tk_avx2_table = TK_FILL_TABLE(avx2_matmul);
#pragma clang attribute pop
#endif
