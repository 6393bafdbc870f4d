// AVX2, FMA and F16C: products of 16-bit integers in pairs, which are exact (bytes in pairs would saturate).
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <string.h>
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#define TK_ROWS 1
#define TK_IN_FLIGHT 4
#define TK_AHEAD 4096

#include "lanes_types.h"

TK_INLINE __m256 half_row(const void *p) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)); }

TK_INLINE floats joined(__m256 low, __m256 high) {
    return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

TK_INLINE halves narrowed(floats x) {
    __m128i low = _mm256_cvtps_ph(__builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7), _MM_FROUND_TO_NEAREST_INT);
    __m128i high = _mm256_cvtps_ph(__builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15), _MM_FROUND_TO_NEAREST_INT);
    return (halves)_mm256_set_m128i(high, low);
}

#define TK_HALF_IN(p) joined(half_row(p), half_row((const uint8_t *)(p) + 16))
#define TK_HALF_OUT(x) narrowed(x)
#include "lanes.h"

/// The even and odd bytes of one word of 8 rows, widened to 16 bits, with its fifth bits where the type has them.
TK_INLINE void spread(struct tk_layout l, int j, __m256i nibbles, __m256i bits, __m256i *even, __m256i *odd) {
    const __m256i low = _mm256_set1_epi16(l.words == 8 ? 255 : 15), fifth = _mm256_set1_epi16(16);
    int up = l.words < 8 && j >= 4;
    *even = _mm256_and_si256(up ? _mm256_srli_epi16(nibbles, 4) : nibbles, low);
    *odd = _mm256_srli_epi16(nibbles, up ? 12 : 8);
    if (!up && l.words < 8) *odd = _mm256_and_si256(*odd, low);
    if (!l.has_bits) return;
    __m256i even_bit = j < 4 ? _mm256_slli_epi16(bits, 4 - j) : _mm256_srli_epi16(bits, j - 4);
    *even = _mm256_or_si256(*even, _mm256_and_si256(even_bit, fifth));
    *odd = _mm256_or_si256(*odd, _mm256_and_si256(_mm256_srli_epi16(bits, j + 4), fifth));
}

TK_INLINE __m256i word(const uint8_t *p) {
    int32_t v;
    memcpy(&v, p, 4);
    return _mm256_set1_epi32(v);
}

/// Keeps the compiler from spreading all words of a block first, for which there are too few registers.
TK_INLINE void side_by_side(int columns, __m256i (*v)[2]) {
#pragma clang loop unroll(full)
    for (int c = 0; c < (columns > 2 ? columns : 0); c++) __asm__ volatile("" : "+x"(v[c][0]), "+x"(v[c][1]));
}

/// The exact products of some words of a block with `columns` columns; each broadcast serves both halves of the rows.
TK_INLINE void dot(struct tk_layout l, int columns, int from, int to, const uint8_t *tile, const uint8_t *const *integers, size_t b,
                   __m256i (*sum)[2]) {
#pragma clang loop unroll(full)
    for (int c = 0; c < columns; c++) sum[c][0] = sum[c][1] = _mm256_setzero_si256();
#pragma clang loop unroll(full)
    for (int i = from; i < to; i++) {
        int j = l.words == 8 ? i : i / 2 + i % 2 * 4; // both nibbles of a word in turn: it is loaded once
        __m256i even[2], odd[2];
#pragma clang loop unroll(full)
        for (int half = 0; half < 2; half++) {
            __m256i v = _mm256_loadu_si256((const __m256i *)(tile + 64 * (j % l.words) + 32 * half)), bits = v;
            if (l.has_bits) bits = _mm256_loadu_si256((const __m256i *)(tile + l.bits_at + 32 * half));
            spread(l, j, v, bits, &even[half], &odd[half]);
        }
#pragma clang loop unroll(full)
        for (int c = 0; c < columns; c++) {
            const uint8_t *x = integers[c] + 64 * b + 8 * j;
            __m256i x_even = word(x), x_odd = word(x + 4);
#pragma clang loop unroll(full)
            for (int half = 0; half < 2; half++) {
                sum[c][half] = _mm256_add_epi32(sum[c][half], _mm256_madd_epi16(even[half], x_even));
                sum[c][half] = _mm256_add_epi32(sum[c][half], _mm256_madd_epi16(odd[half], x_odd));
            }
        }
        side_by_side(columns, sum);
    }
}

/// Eight of 16 scales or minima.
TK_INLINE __m256 scale_row(struct tk_layout l, const uint8_t *row, int half) {
    return l.is_wide ? _mm256_loadu_ps((const float *)(row + 32 * half)) : half_row(row + 16 * half);
}

/// Adds half a block, whose 16 inputs have a scale of their own.
TK_INLINE void add_half(struct tk_layout l, int columns, int upper, const uint8_t *tile, const uint8_t *const *integers, size_t b,
                        size_t blocks, __m256 (*acc)[2]) {
    __m256i sum[4][2];
    dot(l, columns, 4 * upper, 4 * upper + 4, tile, integers, b, sum);
#pragma clang loop unroll(full)
    for (int half = 0; half < 2; half++) {
        __m256 d = scale_row(l, tile + (upper ? l.min_at : l.scale_at), half), m = _mm256_setzero_ps();
        if (l.has_min) m = scale_row(l, tile + (upper ? l.high_min_at : l.low_min_at), half);
#pragma clang loop unroll(full)
        for (int c = 0; c < columns; c++) {
            const uint8_t *scales = integers[c] + 64 * blocks + 4 * b;
            __m256i own = word(scales + 12 * blocks);
            if (upper) own = _mm256_sub_epi32(word(scales + 8 * blocks), own);
            __m256 scale = _mm256_castsi256_ps(word(scales)), scaled = _mm256_mul_ps(scale, _mm256_cvtepi32_ps(own));
            own = l.offset ? _mm256_sub_epi32(sum[c][half], _mm256_slli_epi32(own, l.offset == 32 ? 5 : 2)) : sum[c][half];
            acc[c][half] = _mm256_fmadd_ps(_mm256_mul_ps(d, scale), _mm256_cvtepi32_ps(own), acc[c][half]);
            if (l.has_min) acc[c][half] = _mm256_fmadd_ps(m, scaled, acc[c][half]);
        }
    }
}

/// Adds a block to the sums of 16 rows: the scale's product, then the minimum's.
TK_INLINE void add_block(struct tk_layout l, int columns, const uint8_t *tile, const uint8_t *const *integers, size_t b,
                         size_t blocks, __m256 (*acc)[2]) {
    __m256i sum[4][2];
    if (l.has_halves) {
        add_half(l, columns, 0, tile, integers, b, blocks, acc);
        add_half(l, columns, 1, tile, integers, b, blocks, acc);
        return;
    }
    dot(l, columns, 0, 8, tile, integers, b, sum);
#pragma clang loop unroll(full)
    for (int half = 0; half < 2; half++) {
        __m256 d = scale_row(l, tile + l.scale_at, half), m = _mm256_setzero_ps();
        if (l.has_min) m = scale_row(l, tile + l.min_at, half);
#pragma clang loop unroll(full)
        for (int c = 0; c < columns; c++) {
            const uint8_t *scales = integers[c] + 64 * blocks + 4 * b;
            __m256 scale = _mm256_castsi256_ps(word(scales));
            if (l.offset)
                sum[c][half] = _mm256_sub_epi32(
                    sum[c][half], _mm256_slli_epi32(word(scales + 8 * blocks), l.offset == 128 ? 7 : l.offset == 16 ? 4 : 3));
            acc[c][half] = _mm256_fmadd_ps(_mm256_mul_ps(d, scale), _mm256_cvtepi32_ps(sum[c][half]), acc[c][half]);
            if (l.has_min) acc[c][half] = _mm256_fmadd_ps(m, _mm256_castsi256_ps(word(scales + 4 * blocks)), acc[c][half]);
        }
    }
}

TK_INLINE void integer_product(int type, int columns, const uint8_t *tiles, size_t row_tiles, size_t blocks, const uint8_t *acts,
                               size_t act_stride, float *out, size_t out_stride, int add) {
    struct tk_layout l = tk_layout(type);
    const uint8_t *integers[4];
#pragma clang loop unroll(full)
    for (int c = 0; c < columns; c++) integers[c] = acts + (size_t)c * act_stride;
    for (size_t t = 0; t < row_tiles; t++) {
        __m256 acc[4][2];
#pragma clang loop unroll(full)
        for (int c = 0; c < columns; c++) acc[c][0] = acc[c][1] = _mm256_setzero_ps();
        for (size_t b = 0; b < blocks; b++, tiles += l.tile_bytes) {
            if (columns <= 2)
#pragma clang loop unroll(full)
                for (size_t line = 0; line < l.tile_bytes; line += 64) _mm_prefetch(tiles + TK_AHEAD + line, _MM_HINT_T0);
            add_block(l, columns, tiles, integers, b, blocks, acc);
        }
#pragma clang loop unroll(full)
        for (int c = 0; c < columns; c++)
            put(out + (size_t)c * out_stride + LANES * t, joined(acc[c][0], acc[c][1]) + all(*tk_column(integers[c], blocks).poison), add);
    }
}

/// 16 products of 16-bit integers an instruction, and another that sums them.
static double multiply(size_t rounds) {
    __m256i sum[4], x[4], w = _mm256_set1_epi16(3);
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; i++) sum[i] = x[i] = _mm256_set1_epi16((short)i);
    for (size_t round = 0; round < rounds; round++) {
        __asm__ volatile("" : "+x"(x[0]), "+x"(x[1]), "+x"(x[2]), "+x"(x[3])); // or the products would be made once
#pragma clang loop unroll(full)
        for (int i = 0; i < 4; i++) sum[i] = _mm256_add_epi32(sum[i], _mm256_madd_epi16(w, x[i]));
        __asm__ volatile("" : "+x"(sum[0]), "+x"(sum[1]), "+x"(sum[2]), "+x"(sum[3]));
    }
    return (double)rounds * 4 * 16;
}

#include "integer_products.h"
const struct tk_table tk_avx2_table = TK_FILL_TABLE(integer_matmul, multiply);
#pragma clang attribute pop
#endif
