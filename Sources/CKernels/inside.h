// What the files of this target share: the layout of tiles and activations, and the table each path fills.
#ifndef TK_INSIDE_H
#define TK_INSIDE_H
#include "kernels.h"
#include <string.h>

#define TK_INLINE static inline __attribute__((always_inline, unused))

/// Where the parts of an integer tile lie. Words are 4-byte groups of a row, transposed: word j of row r at 64 * j + 4 * r.
/// Nibble types keep 4 words a row (low nibbles inputs 4j.., high nibbles 16 + 4j..), Q8_0 keeps 8 words with 128 added.
/// The fifth bits are one word a row: bit j of its byte p belongs to input 4j + p.
/// Scales and minima are a half a row; of K types, whose own are products of a half and six bits, a float.
/// Q2_K, Q3_K and Q6_K have a scale for each 16 inputs: the second lies where others have minima, their integers are bytes; the two
/// minima of Q2_K lie behind that.
/// IQ4_NL's nibbles choose among 16 bytes: its tiles are those of Q8_0.
struct tk_layout {
    int words, offset, has_bits, has_min, is_wide, has_halves;
    size_t bits_at, scale_at, min_at, low_min_at, high_min_at, tile_bytes;
};

TK_INLINE struct tk_layout tk_layout(int type) {
    struct tk_layout l = {0};
    l.has_halves = type == TK_Q2_K || type == TK_Q3_K || type == TK_Q6_K;
    int bytes = type == TK_Q8_0 || type == TK_IQ4_NL;
    l.is_wide = type == TK_Q4_K || type == TK_Q5_K || l.has_halves;
    l.words = bytes || l.has_halves ? 8 : 4;
    l.offset = type == TK_Q4_0 ? 8 : type == TK_Q5_0 ? 16 : bytes ? 128 : type == TK_Q6_K ? 32 : type == TK_Q3_K ? 4 : 0;
    l.has_bits = type == TK_Q5_0 || type == TK_Q5_1 || type == TK_Q5_K;
    l.has_min = type == TK_Q4_1 || type == TK_Q5_1 || type == TK_Q4_K || type == TK_Q5_K || type == TK_Q2_K;
    l.bits_at = (size_t)l.words * 64;
    l.scale_at = l.bits_at + (l.has_bits ? 64 : 0);
    size_t row = l.is_wide ? 64 : 32;
    l.min_at = l.scale_at + row;
    l.low_min_at = l.min_at + row;
    l.high_min_at = l.low_min_at + row;
    l.tile_bytes = l.has_halves && l.has_min ? l.high_min_at + row : l.min_at + (l.has_min || l.has_halves ? row : 0);
    return l;
}

TK_INLINE int tk_is_float(int type) { return type == TK_F32 || type == TK_F16 || type == TK_BF16; }

/// An integer column: 64 bytes of integers a block, then scales, scaled sums, sums and sums of the lower halves, then NaN if it has no integers, else 0.
struct tk_column {
    const uint8_t *integers;
    const float *scale, *scaled_sum;
    const int32_t *sum, *half;
    const float *poison;
};

TK_INLINE struct tk_column tk_column(const void *act, size_t blocks) {
    const uint8_t *base = act;
    const float *scale = (const float *)(base + 64 * blocks);
    return (struct tk_column){base, scale, scale + blocks, (const int32_t *)(scale + 2 * blocks),
                              (const int32_t *)(scale + 3 * blocks), scale + 4 * blocks};
}

TK_INLINE float tk_float_from_bits(uint32_t bits) {
    float f;
    memcpy(&f, &bits, 4);
    return f;
}

TK_INLINE float tk_half_to_float(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, magnitude = (uint32_t)(h & 0x7fff) << 13;
    float f = tk_float_from_bits(magnitude) * 0x1p112f;
    uint32_t bits;
    memcpy(&bits, &f, 4);
    if ((h & 0x7c00) == 0x7c00) bits = magnitude | 0x7f800000 | (h & 0x3ff ? 0x400000 : 0);
    return tk_float_from_bits(bits | sign);
}

/// One of 16 scales or minima that lie at `row`.
TK_INLINE float tk_scale(struct tk_layout l, const uint8_t *row, size_t r) {
    float wide;
    uint16_t half;
    memcpy(&wide, row + 4 * r * (size_t)l.is_wide, 4);
    memcpy(&half, row + 2 * r * (size_t)!l.is_wide, 2);
    return l.is_wide ? wide : tk_half_to_float(half);
}

struct tk_table {
    void (*act)(int, const float *, size_t, void *);
    void (*matmul)(int, const void *, size_t, size_t, const void *, size_t, size_t, float *, size_t, int);
    float (*exp)(float);
    void (*silu_mul)(const float *, const float *, size_t, float *);
    void (*gelu_mul)(const float *, const float *, size_t, float *);
    void (*rmsnorm)(const float *, const float *, size_t, float, float *);
    void (*layernorm)(const float *, const float *, const float *, size_t, float, float *);
    void (*add)(float *, const float *, size_t);
    void (*rope)(float *, size_t, size_t, size_t, const float *, int);
    void (*log_sum)(const float *, size_t, float *, double *);
    void (*entropy)(const float *, size_t, float, double, double *);
    size_t (*rank)(const float *, size_t, size_t);
    void (*store_key)(const float *, size_t, void *, size_t);
    void (*store_value)(const float *, size_t, void *);
    void (*scores)(const float *, size_t, const void *const *, size_t, size_t, float, float *);
    void (*attend)(const struct tk_row *, size_t, size_t, const void *const *, size_t, size_t, float, float *, size_t);
    void (*pattern)(const float *, size_t, size_t, float, float, float *);
    uint32_t (*read)(const void *, size_t);
    double (*multiply)(size_t);
};

extern const struct tk_table tk_portable_table, tk_avx2_table, tk_avx512_table;
/// The path a thread was told to use; NULL for the chosen one.
const struct tk_table *tk_forced_table(void);
void tk_force_table(const struct tk_table *table);
#endif
