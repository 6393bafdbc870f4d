// The twin of every other path: C without instruction sets, the written order of each sum.
#define TK_ROWS 1
#define TK_IN_FLIGHT 4
#include "lanes.h"

/// Word j of each row as 4 integers of 0...255. Shape: w [32][16].
static void expand(const struct tk_layout *l, const uint8_t *tile, int16_t w[32][LANES]) {
    for (int r = 0; r < LANES; r++)
        for (int k = 0; k < 32; k++) {
            int j = k / 4, p = k % 4;
            if (l->words == 8) {
                w[k][r] = tile[64 * j + 4 * r + p];
                continue;
            }
            int byte = tile[64 * (j % 4) + 4 * r + p];
            int fifth = l->has_bits ? tile[l->bits_at + (size_t)(4 * r + p)] >> j & 1 : 0;
            w[k][r] = (int16_t)((j < 4 ? byte & 15 : byte >> 4) | fifth << 4);
        }
}

/// Where input k of a block lies among the 32 integers: pairs are kept as even, even, odd, odd.
static int place(int k) { return (k & ~3) | (k & 1) << 1 | (k >> 1 & 1); }

static void portable_row_tile(const struct tk_layout *l, const uint8_t *tile, size_t blocks, const uint8_t *acts, size_t act_stride,
                              size_t n, float *out, size_t out_stride, int add) {
    enum { group = 8 };
    for (size_t c = 0; c < n; c += group) {
        size_t count = n - c < group ? n - c : group;
        float sum[group][LANES] = {{0}};
        for (size_t b = 0; b < blocks; b++) {
            int16_t w[32][LANES];
            const uint8_t *at = tile + b * l->tile_bytes;
            expand(l, at, w);
            float d[LANES], m[LANES] = {0};
            for (size_t r = 0; r < LANES; r++) {
                d[r] = tk_scale(*l, at + l->scale_at, r);
                if (l->has_min || l->has_halves) m[r] = tk_scale(*l, at + l->min_at, r);
            }
            for (size_t i = 0; i < count; i++) {
                struct tk_column x = tk_column(acts + (c + i) * act_stride, blocks);
                const int16_t *integers = (const int16_t *)(x.integers + 64 * b);
                if (l->has_halves) {
                    for (int half = 0; half < 2; half++)
                        for (int r = 0; r < LANES; r++) {
                            int32_t all = half ? x.sum[b] - x.half[b] : x.half[b], own = -l->offset * all;
                            for (int k = 16 * half; k < 16 * half + 16; k++) own += w[k][r] * integers[place(k)];
                            sum[i][r] = fmaf((half ? m[r] : d[r]) * x.scale[b], (float)own, sum[i][r]);
                            if (!l->has_min) continue;
                            float least = tk_scale(*l, at + (half ? l->high_min_at : l->low_min_at), (size_t)r);
                            sum[i][r] = fmaf(least, x.scale[b] * (float)all, sum[i][r]);
                        }
                    continue;
                }
                int32_t isum[LANES];
                for (int r = 0; r < LANES; r++) isum[r] = -l->offset * x.sum[b];
                for (int k = 0; k < 32; k++)
                    for (int r = 0; r < LANES; r++) isum[r] += w[k][r] * integers[place(k)];
                for (int r = 0; r < LANES; r++) sum[i][r] = fmaf(d[r] * x.scale[b], (float)isum[r], sum[i][r]);
                if (l->has_min)
                    for (int r = 0; r < LANES; r++) sum[i][r] = fmaf(m[r], x.scaled_sum[b], sum[i][r]);
            }
        }
        for (size_t i = 0; i < count; i++) put(out + (c + i) * out_stride, load(sum[i]) + all(*tk_column(acts + (c + i) * act_stride, blocks).poison), add);
    }
}

static void portable_matmul(int type, const void *tiles, size_t row_tiles, size_t blocks, const void *acts, size_t act_stride,
                            size_t n, float *out, size_t out_stride, int add) {
    if (tk_is_float(type)) {
        float_matmul(type, tiles, row_tiles, blocks, acts, act_stride, n, out, out_stride, add);
        return;
    }
    struct tk_layout l = tk_layout(type);
    for (size_t t = 0; t < row_tiles; t++)
        portable_row_tile(&l, (const uint8_t *)tiles + t * blocks * l.tile_bytes, blocks, acts, act_stride, n, out + LANES * t,
                          out_stride, add);
}

static double multiply(size_t rounds) {
    int32_t sum[LANES] = {0};
    int16_t w[LANES] = {1, 2, 3};
    for (size_t round = 0; round < rounds; round++) {
        __asm__ volatile("" : "+m"(w));
        for (int r = 0; r < LANES; r++) sum[r] += w[r] * w[LANES - 1 - r];
        __asm__ volatile("" : "+m"(sum));
    }
    return (double)rounds * LANES;
}

const struct tk_table tk_portable_table = TK_FILL_TABLE(portable_matmul, multiply);
