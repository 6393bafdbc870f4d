// Tiles from the rows of a file, and rows back from tiles.
#include "inside.h"

int tk_supported(int type) {
    switch (type) {
    case TK_F32: case TK_F16: case TK_BF16: case TK_Q4_0: case TK_Q4_1: case TK_Q5_0: case TK_Q5_1: case TK_Q8_0: case TK_Q2_K: case TK_Q3_K:
    case TK_Q4_K: case TK_Q5_K: case TK_Q6_K: case TK_IQ4_NL: return 1;
    default: return 0;
    }
}

/// Bytes of a whole block of 256 inputs.
static size_t k_block_bytes(int type) { return type == TK_Q2_K ? 84 : type == TK_Q3_K ? 110 : type == TK_Q4_K ? 144 : type == TK_Q5_K ? 176 : 210; }

/// Unit: bytes of 32 inputs of a row, as in the file.
static size_t block_bytes(int type) {
    if (type == TK_IQ4_NL) return 18;
    if (tk_is_float(type)) return type == TK_F32 ? 128 : 64;
    struct tk_layout l = tk_layout(type);
    return 2 + (l.has_min ? 2u : 0u) + (l.has_bits ? 4u : 0u) + 4 * (size_t)l.words;
}

size_t tk_row_bytes(int type, size_t columns) {
    if (!tk_supported(type)) return 0;
    if (tk_is_float(type)) return columns * (type == TK_F32 ? 4 : 2);
    if (tk_layout(type).is_wide) return (columns + 255) / 256 * k_block_bytes(type);
    return (columns + 31) / 32 * block_bytes(type);
}

size_t tk_tile_bytes(int type) {
    if (!tk_supported(type)) return 0;
    return tk_is_float(type) ? 16 * block_bytes(type) : tk_layout(type).tile_bytes;
}

size_t tk_act_bytes(size_t columns) { return (columns + 31) / 32 * 128; }

static void pack_floats(size_t width, const uint8_t *rows, size_t row_count, size_t columns, uint8_t *tiles) {
    memset(tiles, 0, (columns + 31) / 32 * 32 * 16 * width);
    for (size_t r = 0; r < row_count; r++)
        for (size_t k = 0; k < columns; k++) memcpy(tiles + (k * 16 + r) * width, rows + (r * columns + k) * width, width);
}

/// ggml's bit k belongs to input k; ours is bit k / 4 of byte k % 4.
static uint32_t spread_bits(uint32_t bits) {
    uint32_t out = 0;
    for (int k = 0; k < 32; k++) out |= (bits >> k & 1) << (8 * (k % 4) + k / 4);
    return out;
}

/// One block of a file: scale, minimum, fifth bits, then nibbles or bytes.
static void pack_block(const struct tk_layout *l, const uint8_t *block, size_t row, uint8_t *tile) {
    memcpy(tile + l->scale_at + 2 * row, block, 2);
    block += 2;
    if (l->has_min) {
        memcpy(tile + l->min_at + 2 * row, block, 2);
        block += 2;
    }
    if (l->has_bits) {
        uint32_t bits;
        memcpy(&bits, block, 4);
        bits = spread_bits(bits);
        memcpy(tile + l->bits_at + 4 * row, &bits, 4);
        block += 4;
    }
    uint32_t flip = l->words == 8 ? 0x80808080u : 0;
    for (size_t j = 0; j < (size_t)l->words; j++) {
        uint32_t word;
        memcpy(&word, block + 4 * j, 4);
        word ^= flip;
        memcpy(tile + 64 * j + 4 * row, &word, 4);
    }
}

/// A scale and a minimum of six bits each, eight of either in twelve bytes.
static void k_scales(const uint8_t *packed, int sub, int *scale, int *min) {
    const uint8_t *p = packed + sub;
    *scale = sub < 4 ? p[0] & 63 : (p[4] & 15) | p[-4] >> 6 << 4;
    *min = sub < 4 ? p[4] & 63 : p[4] >> 4 | p[0] >> 6 << 4;
}

/// 32 inputs of a block of Q6_K: four bits, two bits, 16 scales of eight bits, the scale of all.
static void pack_q6(const struct tk_layout *l, const uint8_t *block, size_t sub, size_t row, uint8_t *tile) {
    const uint8_t *low = block + 64 * (sub / 4) + 32 * (sub % 2), *high = block + 128 + 32 * (sub / 4);
    uint16_t h;
    memcpy(&h, block + 208, 2);
    for (size_t half = 0; half < 2; half++) {
        float d = tk_half_to_float(h) * (float)(int8_t)block[192 + 2 * sub + half];
        memcpy(tile + (half ? l->min_at : l->scale_at) + 4 * row, &d, 4);
    }
    for (size_t k = 0; k < 32; k++)
        tile[64 * (k / 4) + 4 * row + k % 4] = (uint8_t)((low[k] >> (sub % 4 / 2 * 4) & 15) | (high[k] >> (sub % 4 * 2) & 3) << 4);
}

/// 32 inputs of a block of Q3_K: a third bit that takes four away where it is not set, two bits, 16 scales of six bits.
static void pack_q3(const struct tk_layout *l, const uint8_t *block, size_t sub, size_t row, uint8_t *tile) {
    const uint8_t *third = block, *low = block + 32 + 32 * (sub / 4), *scales = block + 96;
    uint16_t h;
    memcpy(&h, block + 108, 2);
    for (size_t half = 0; half < 2; half++) {
        size_t s = 2 * sub + half;
        int scale = (scales[s % 8] >> (s / 8 * 4) & 15) | (scales[8 + s % 4] >> (s / 4 * 2) & 3) << 4;
        float d = tk_half_to_float(h) * (float)(scale - 32);
        memcpy(tile + (half ? l->min_at : l->scale_at) + 4 * row, &d, 4);
    }
    for (size_t k = 0; k < 32; k++)
        tile[64 * (k / 4) + 4 * row + k % 4] = (uint8_t)((low[k] >> (sub % 4 * 2) & 3) + (third[k] >> sub & 1) * 4);
}

/// 32 inputs of a block of Q2_K: 16 scales and minima of four bits each, two bits, the scale and the minimum of all.
static void pack_q2(const struct tk_layout *l, const uint8_t *block, size_t sub, size_t row, uint8_t *tile) {
    const uint8_t *low = block + 16 + 32 * (sub / 4);
    uint16_t h[2];
    memcpy(h, block + 80, 4);
    for (size_t half = 0; half < 2; half++) {
        int packed = block[2 * sub + half];
        float d = tk_half_to_float(h[0]) * (float)(packed & 15), m = -(tk_half_to_float(h[1]) * (float)(packed >> 4));
        memcpy(tile + (half ? l->min_at : l->scale_at) + 4 * row, &d, 4);
        memcpy(tile + (half ? l->high_min_at : l->low_min_at) + 4 * row, &m, 4);
    }
    for (size_t k = 0; k < 32; k++) tile[64 * (k / 4) + 4 * row + k % 4] = (uint8_t)(low[k] >> (sub % 4 * 2) & 3);
}

/// 32 inputs of a block of 256: with the two before or behind them they share bytes, low nibbles first.
static void pack_k_block(int type, const struct tk_layout *l, const uint8_t *block, int sub, size_t row, uint8_t *tile) {
    uint16_t h[2];
    memcpy(h, block, 4);
    int scale, min;
    k_scales(block + 4, sub, &scale, &min);
    float d = tk_half_to_float(h[0]) * (float)scale, m = -(tk_half_to_float(h[1]) * (float)min);
    memcpy(tile + l->scale_at + 4 * row, &d, 4);
    memcpy(tile + l->min_at + 4 * row, &m, 4);
    const uint8_t *high = block + 16, *nibbles = high + (type == TK_Q5_K ? 32 : 0) + 32 * (sub / 2);
    uint32_t bits = 0;
    for (size_t k = 0; k < 32; k++) {
        int q = nibbles[k] >> (sub & 1 ? 4 : 0) & 15;
        uint8_t *at = tile + 64 * (k % 16 / 4) + 4 * row + k % 4;
        *at = (uint8_t)(k < 16 ? q : *at | q << 4);
        bits |= (uint32_t)(high[k] >> sub & 1) << k;
    }
    if (!l->has_bits) return;
    bits = spread_bits(bits);
    memcpy(tile + l->bits_at + 4 * row, &bits, 4);
}

/// What IQ4_NL's nibbles stand for. Source: ggml's table of values.
static const int8_t unevenly[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

static void pack_uneven_block(const struct tk_layout *l, const uint8_t *block, size_t row, uint8_t *tile) {
    memcpy(tile + l->scale_at + 2 * row, block, 2);
    for (size_t k = 0; k < 32; k++) tile[64 * (k / 4) + 4 * row + k % 4] = (uint8_t)(unevenly[block[2 + k % 16] >> (k < 16 ? 0 : 4) & 15] + 128);
}

void tk_pack(int type, const void *rows, size_t row_count, size_t columns, void *tiles) {
    if (tk_is_float(type)) {
        pack_floats(type == TK_F32 ? 4 : 2, rows, row_count, columns, tiles);
        return;
    }
    struct tk_layout l = tk_layout(type);
    size_t blocks = (columns + 31) / 32, bytes = block_bytes(type);
    if (row_count < 16) memset(tiles, 0, blocks * l.tile_bytes);
    if (l.is_wide || type == TK_IQ4_NL) {
        for (size_t b = 0; b < blocks; b++)
            for (size_t r = 0; r < row_count; r++) {
                uint8_t *tile = (uint8_t *)tiles + b * l.tile_bytes;
                const uint8_t *row = (const uint8_t *)rows + r * tk_row_bytes(type, columns);
                const uint8_t *whole = row + b / 8 * (l.is_wide ? k_block_bytes(type) : 0);
                if (type == TK_Q6_K) pack_q6(&l, whole, b % 8, r, tile);
                else if (type == TK_Q2_K) pack_q2(&l, whole, b % 8, r, tile);
                else if (type == TK_Q3_K) pack_q3(&l, whole, b % 8, r, tile);
                else if (l.is_wide) pack_k_block(type, &l, whole, (int)(b % 8), r, tile);
                else pack_uneven_block(&l, row + b * bytes, r, tile);
            }
        return;
    }
    for (size_t b = 0; b < blocks; b++)
        for (size_t r = 0; r < row_count; r++)
            pack_block(&l, (const uint8_t *)rows + (r * blocks + b) * bytes, r, (uint8_t *)tiles + b * l.tile_bytes);
}

static void unpack_floats(int type, const uint8_t *tiles, size_t count, size_t row, float *out) {
    for (size_t k = 0; k < count; k++) {
        if (type == TK_F32) {
            memcpy(out + k, tiles + (k * 16 + row) * 4, 4);
            continue;
        }
        uint16_t h;
        memcpy(&h, tiles + (k * 16 + row) * 2, 2);
        out[k] = type == TK_F16 ? tk_half_to_float(h) : tk_float_from_bits((uint32_t)h << 16);
    }
}

void tk_unpack_row(int type, const void *tiles, size_t blocks, size_t row, float *out) {
    if (tk_is_float(type)) {
        unpack_floats(type, tiles, blocks * 32, row, out);
        return;
    }
    struct tk_layout l = tk_layout(type);
    for (size_t b = 0; b < blocks; b++, out += 32) {
        const uint8_t *tile = (const uint8_t *)tiles + b * l.tile_bytes;
        float d = tk_scale(l, tile + l.scale_at, row), m = l.has_min || l.has_halves ? tk_scale(l, tile + l.min_at, row) : 0;
        for (size_t k = 0; k < 32; k++) {
            size_t j = k / 4, at = 4 * row + k % 4;
            int q = l.words == 8 ? tile[64 * j + at] : tile[64 * (j % 4) + at] >> (j < 4 ? 0 : 4) & 15;
            if (l.has_bits) q |= (tile[l.bits_at + at] >> j & 1) << 4;
            out[k] = (float)(q - l.offset) * (l.has_halves && k >= 16 ? m : d);
            if (l.has_min) out[k] += l.has_halves ? tk_scale(l, tile + (k < 16 ? l.low_min_at : l.high_min_at), row) : m;
        }
    }
}
