// AVX-512 with VNNI: unsigned weights times signed bytes, 16 rows at once, the 16-bit activations as two planes of bytes.
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <string.h>
#pragma clang attribute push(                                                                                                  \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c"))), apply_to = function)
#define TK_ROWS 6
#define TK_IN_FLIGHT 8
#define TK_PLANES 1
#define TK_AHEAD 4096
#define TK_HALF_IN(p) ((floats)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(p))))
#define TK_HALF_OUT(x) ((halves)_mm512_cvtps_ph((__m512)(x), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC))
#include "lanes.h"

/// Word j of 16 rows as unsigned bytes, j in 0 ..< 8.
TK_INLINE void expand(struct tk_layout l, const uint8_t *tile, __m512i w[8]) {
    const __m512i low = _mm512_set1_epi8(15), fifth = _mm512_set1_epi8(16);
    if (l.words == 8) {
#pragma clang loop unroll(full)
        for (int j = 0; j < 8; j++) w[j] = _mm512_loadu_si512(tile + 64 * j);
        return;
    }
#pragma clang loop unroll(full)
    for (int j = 0; j < 4; j++) {
        __m512i v = _mm512_loadu_si512(tile + 64 * j);
        w[j] = _mm512_and_si512(v, low);
        w[4 + j] = _mm512_and_si512(_mm512_srli_epi16(v, 4), low);
    }
    if (!l.has_bits) return;
    __m512i bits = _mm512_loadu_si512(tile + l.bits_at);
#pragma clang loop unroll(full)
    for (int j = 0; j < 8; j++) {
        __m512i at = j < 4 ? _mm512_slli_epi16(bits, (unsigned)(4 - j)) : _mm512_srli_epi16(bits, (unsigned)(j - 4));
        w[j] = _mm512_ternarylogic_epi32(w[j], at, fifth, 0xf8); // a | (b & c)
    }
}

TK_INLINE __m512i word(const uint8_t *p) {
    int32_t v;
    memcpy(&v, p, 4);
    return _mm512_set1_epi32(v);
}

/// Keeps the compiler from finishing one column before it starts the next, which would run its chain at full latency.
TK_INLINE void side_by_side(int columns, __m512i *v) {
#pragma clang loop unroll(full)
    for (int c = 0; c < (columns > 2 ? columns : 0); c++) __asm__ volatile("" : "+v"(v[c]));
}

/// The exact products of some words of a block with `columns` columns. One or two columns keep the planes' sums apart, for two
/// chains each.
TK_INLINE void dot(int columns, int from, int to, const __m512i w[8], const uint8_t *const *integers, size_t b, __m512i *sum) {
    __m512i low[8];
#pragma clang loop unroll(full)
    for (int c = 0; c < columns; c++) sum[c] = low[c] = _mm512_setzero_si512();
#pragma clang loop unroll(full)
    for (int j = from; j < to; j++) {
#pragma clang loop unroll(full)
        for (int c = 0; c < columns; c++) sum[c] = _mm512_dpbusd_epi32(sum[c], w[j], word(integers[c] + 64 * b + 4 * j));
        side_by_side(columns, sum);
    }
    if (columns > 2)
#pragma clang loop unroll(full)
        for (int c = 0; c < columns; c++) low[c] = _mm512_slli_epi32(sum[c], 8);
#pragma clang loop unroll(full)
    for (int j = from; j < to; j++) {
#pragma clang loop unroll(full)
        for (int c = 0; c < columns; c++) low[c] = _mm512_dpbusd_epi32(low[c], w[j], word(integers[c] + 64 * b + 32 + 4 * j));
        side_by_side(columns, low);
    }
#pragma clang loop unroll(full)
    for (int c = 0; c < columns; c++) sum[c] = columns > 2 ? low[c] : _mm512_add_epi32(_mm512_slli_epi32(sum[c], 8), low[c]);
}

TK_INLINE __m512 scale_row(struct tk_layout l, const uint8_t *p) {
    return l.is_wide ? _mm512_loadu_ps(p) : _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}

/// Adds half a block, whose 16 inputs have a scale of their own.
TK_INLINE void add_half(struct tk_layout l, int columns, int half, const __m512i w[8], const uint8_t *tile, const uint8_t *const *integers,
                        size_t b, size_t blocks, __m512 *acc) {
    __m512i sum[8];
    dot(columns, 4 * half, 4 * half + 4, w, integers, b, sum);
    __m512 d = scale_row(l, tile + (half ? l.min_at : l.scale_at)), m = _mm512_setzero_ps();
    if (l.has_min) m = scale_row(l, tile + (half ? l.high_min_at : l.low_min_at));
    __mmask16 scalable = _mm512_fpclass_ps_mask(d, 0x9f) ^ 0xffff;
#pragma clang loop unroll(full)
    for (int c = 0; c < columns; c++) {
        const uint8_t *scales = integers[c] + 64 * blocks + 4 * b;
        __m512i own = word(scales + 12 * blocks);
        if (half) own = _mm512_sub_epi32(word(scales + 8 * blocks), own);
        if (l.offset) sum[c] = _mm512_sub_epi32(sum[c], _mm512_slli_epi32(own, l.offset == 32 ? 5 : 2));
        __m512i scaled = _mm512_mask_add_epi32((__m512i)d, scalable, (__m512i)d, word(scales));
        acc[c] = _mm512_fmadd_ps(_mm512_castsi512_ps(scaled), _mm512_cvtepi32_ps(sum[c]), acc[c]);
        if (!l.has_min) continue;
        // The scale as a number: what is kept is its distance from 1.
        __m512 scale = _mm512_castsi512_ps(_mm512_add_epi32(word(scales), _mm512_set1_epi32(0x3f800000)));
        acc[c] = _mm512_fmadd_ps(m, _mm512_mul_ps(scale, _mm512_cvtepi32_ps(own)), acc[c]);
    }
}

TK_INLINE void integer_product(int type, int columns, const uint8_t *tiles, size_t row_tiles, size_t blocks, const uint8_t *acts,
                               size_t act_stride, float *out, size_t out_stride, int add) {
    struct tk_layout l = tk_layout(type);
    const uint8_t *integers[8];
#pragma clang loop unroll(full)
    for (int c = 0; c < columns; c++) integers[c] = acts + (size_t)c * act_stride;
    for (size_t t = 0; t < row_tiles; t++) {
        __m512 acc[8];
#pragma clang loop unroll(full)
        for (int c = 0; c < columns; c++) acc[c] = _mm512_setzero_ps();
        for (size_t b = 0; b < blocks; b++, tiles += l.tile_bytes) {
#pragma clang loop unroll(full)
            for (size_t line = 0; line < l.tile_bytes; line += 64) _mm_prefetch((const char *)tiles + TK_AHEAD + line, _MM_HINT_T0);
            __m512i w[8], sum[8];
            expand(l, tiles, w);
            if (l.has_halves) {
                add_half(l, columns, 0, w, tiles, integers, b, blocks, acc);
                add_half(l, columns, 1, w, tiles, integers, b, blocks, acc);
                continue;
            }
            dot(columns, 0, 8, w, integers, b, sum);
            __m512 d = scale_row(l, tiles + l.scale_at), m = l.has_min ? scale_row(l, tiles + l.min_at) : _mm512_setzero_ps();
            __mmask16 scalable = _mm512_fpclass_ps_mask(d, 0x9f) ^ 0xffff;
#pragma clang loop unroll(full)
            for (int c = 0; c < columns; c++) {
                const uint8_t *scales = integers[c] + 64 * blocks + 4 * b;
                __m512i scaled = _mm512_mask_add_epi32((__m512i)d, scalable, (__m512i)d, word(scales));
                if (l.offset)
                    sum[c] = _mm512_sub_epi32(
                        sum[c], _mm512_slli_epi32(word(scales + 8 * blocks), l.offset == 128 ? 7 : l.offset == 16 ? 4 : 3));
                acc[c] = _mm512_fmadd_ps(_mm512_castsi512_ps(scaled), _mm512_cvtepi32_ps(sum[c]), acc[c]);
                if (l.has_min) acc[c] = _mm512_fmadd_ps(m, _mm512_castsi512_ps(word(scales + 4 * blocks)), acc[c]);
            }
        }
#pragma clang loop unroll(full)
        for (int c = 0; c < columns; c++)
            put(out + (size_t)c * out_stride + LANES * t, (floats)acc[c] + all(*tk_column(integers[c], blocks).poison), add);
    }
}

/// 64 products of bytes an instruction, two planes a 16-bit integer.
static double multiply(size_t rounds) {
    __m512i sum[8], w = _mm512_set1_epi8(3);
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; i++) sum[i] = _mm512_setzero_si512();
    for (size_t round = 0; round < rounds; round++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < 8; i++) sum[i] = _mm512_dpbusd_epi32(sum[i], w, w);
        side_by_side(8, sum);
    }
    return (double)rounds * 8 * 64 / 2;
}

#include "integer_products.h"
const struct tk_table tk_avx512_table = TK_FILL_TABLE(integer_matmul, multiply);
#pragma clang attribute pop
#endif
