// Activations of both kinds, the products of float weights, and the walk over rows and columns that all types share.
// Included by lanes.h.

/// One block's 32 integers in the order the path's product reads them.
TK_INLINE void put_integers(ints low, ints high, uint8_t *to) {
    shorts a = __builtin_convertvector(low, shorts), b = __builtin_convertvector(high, shorts);
#ifdef TK_PLANES
    shorts32 all = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
                                           23, 24, 25, 26, 27, 28, 29, 30, 31);
    bytes32 planes[2] = {__builtin_convertvector((all + 128) >> 8, bytes32), __builtin_convertvector(all, bytes32)};
    memcpy(to, planes, sizeof planes);
#else
    a = __builtin_shufflevector(a, a, 0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15);
    b = __builtin_shufflevector(b, b, 0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15);
    memcpy(to, &a, sizeof a);
    memcpy(to + 32, &b, sizeof b);
#endif
}

/// As what is added to the bits of a float, or as the float itself.
TK_INLINE void put_scale(float scale, float *to) {
#ifdef TK_PLANES
    uint32_t bits;
    memcpy(&bits, &scale, 4);
    bits -= 0x3f800000;
    memcpy(to, &bits, 4);
#else
    *to = scale;
#endif
}

/// The scale of a block whose greatest magnitude has these bits: the least power of two that keeps its integers within
/// 32639 = 127 * 256 + 127, the largest one whose two signed bytes both fit. So multiplying by it is exact, and is adding to
/// an exponent. What is too small becomes zeros, what is not finite or beyond any scale poisons the column.
TK_INLINE int scale_exponent(int32_t bits) { return ((bits + 0x101ff) >> 23) - 127 - 14; }

enum { LEAST_EXPONENT = -100, MOST_EXPONENT = 100 };

/// 2 to a whole power between -126 and 127.
TK_INLINE float power_of_two(int exponent) { return tk_float_from_bits((uint32_t)(exponent + 127) << 23); }

static void integer_act(const float *x, size_t columns, void *act) {
    size_t blocks = (columns + 31) / 32;
    struct tk_column to = tk_column(act, blocks);
    float poison = 0;
    for (size_t b = 0; b < blocks; b++) {
        size_t count = columns - 32 * b < 32 ? columns - 32 * b : 32;
        floats low, high;
        if (count == 32) {
            low = load(x + 32 * b);
            high = load(x + 32 * b + LANES);
        } else {
            float padded[32] = {0};
            memcpy(padded, x + 32 * b, count * sizeof(float));
            low = load(padded);
            high = load(padded + LANES);
        }
        ints a = (ints)low & 0x7fffffff, c = (ints)high & 0x7fffffff;
        int32_t bits = __builtin_reduce_max(__builtin_elementwise_max(a, c)); // the order of magnitudes, NaN above infinity
        int exponent = scale_exponent(bits);
        if (exponent > MOST_EXPONENT) poison = NAN;
        int whole = exponent >= LEAST_EXPONENT && exponent <= MOST_EXPONENT;
        if (!whole) exponent = 0;
        float scale = power_of_two(exponent);
        floats inverse = all(power_of_two(-exponent)), magic = all(0x1.8p23f);
        ints low_int = (ints)(low * inverse + magic) - (ints)magic, high_int = (ints)(high * inverse + magic) - (ints)magic;
        if (!whole) low_int = high_int = all_ints(0);
        int32_t sum = __builtin_reduce_add(low_int + high_int);
        put_integers(low_int, high_int, (uint8_t *)to.integers + 64 * b);
        put_scale(scale, (float *)to.scale + b);
        ((float *)to.scaled_sum)[b] = scale * (float)sum;
        ((int32_t *)to.sum)[b] = sum;
        ((int32_t *)to.half)[b] = __builtin_reduce_add(low_int);
    }
    *(float *)to.poison = poison;
}

static void lanes_act(int type, const float *x, size_t columns, void *act) {
    if (!tk_is_float(type)) {
        integer_act(x, columns, act);
        return;
    }
    size_t padded = (columns + 31) / 32 * 32;
    memcpy(act, x, columns * sizeof(float));
    memset((float *)act + columns, 0, (padded - columns) * sizeof(float));
}

typedef void (*tk_product)(const uint8_t *tiles, size_t row_tiles, size_t blocks, const uint8_t *acts, size_t act_stride, float *out,
                           size_t out_stride, int add);

/// For every number of columns that one product takes.
#if TK_IN_FLIGHT == 8
#define TK_COLUMNS(define, type) \
    define(type, 1) define(type, 2) define(type, 3) define(type, 4) define(type, 5) define(type, 6) define(type, 7) define(type, 8)
#define TK_COLUMN_NAMES(name) name##_1, name##_2, name##_3, name##_4, name##_5, name##_6, name##_7, name##_8
#else
#define TK_COLUMNS(define, type) define(type, 1) define(type, 2) define(type, 3) define(type, 4)
#define TK_COLUMN_NAMES(name) name##_1, name##_2, name##_3, name##_4
#endif

/// Rows in chunks that stay in the second cache, unless one product takes all columns; a product's activations stay in the first.
/// products[i] takes i + 1 columns.
static void walk(const tk_product *products, size_t row_tile_bytes, const void *tiles, size_t row_tiles, size_t blocks,
                 const void *acts, size_t act_stride, size_t n, float *out, size_t out_stride, int add) {
    enum { widest = TK_IN_FLIGHT };
    size_t chunk = row_tiles, near = 128 * 1024 / row_tile_bytes;
    if (n > widest) chunk = near < 8 ? 8 : near;
    for (size_t t = 0; t < row_tiles; t += chunk) {
        size_t rows = row_tiles - t < chunk ? row_tiles - t : chunk;
        for (size_t c = 0, some; c < n; c += some) {
            // The last columns are shared out evenly: one column alone costs almost what four do.
            size_t left = n - c;
            some = left >= 2 * widest || left == widest ? widest : left > widest ? (left + 1) / 2 : left;
            products[some - 1]((const uint8_t *)tiles + t * row_tile_bytes, rows, blocks, (const uint8_t *)acts + c * act_stride,
                               act_stride, out + c * out_stride + LANES * t, out_stride, add);
        }
    }
}

TK_INLINE void put(float *out, floats sum, int add) { store(out, add ? load(out) + sum : sum); }

TK_INLINE floats float_weights(int type, const uint8_t *tile, size_t k) {
    if (type == TK_F32) return load((const float *)tile + LANES * k);
    if (type == TK_F16) return half_in(tile + 2 * LANES * k);
    halves h;
    memcpy(&h, tile + 2 * LANES * k, sizeof h);
    return (floats)(__builtin_convertvector(h, words) << 16);
}

/// `rows` row tiles by `columns` columns: that many chains run side by side.
TK_INLINE void float_group(int type, int rows, int columns, const uint8_t *tiles, size_t blocks, const uint8_t *acts,
                           size_t act_stride, float *out, size_t out_stride, int add) {
    size_t row_tile = blocks * 32 * LANES * (type == TK_F32 ? 4 : 2);
    floats sum[8];
#pragma clang loop unroll(full)
    for (int i = 0; i < rows * columns; i++) sum[i] = all(0);
    for (size_t k = 0; k < blocks * 32; k++) {
        floats w[8];
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            const uint8_t *tile = tiles + (size_t)r * row_tile;
            w[r] = float_weights(type, tile, k);
            if (columns >= 4) __builtin_prefetch(tile + k * LANES * (type == TK_F32 ? 4 : 2) + 2048);
        }
#pragma clang loop unroll(full)
        for (int c = 0; c < columns; c++) {
            floats x = all(((const float *)(acts + (size_t)c * act_stride))[k]);
#pragma clang loop unroll(full)
            for (int r = 0; r < rows; r++) sum[c * rows + r] = fused(w[r], x, sum[c * rows + r]);
        }
    }
#pragma clang loop unroll(full)
    for (int c = 0; c < columns; c++) {
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) put(out + (size_t)c * out_stride + (size_t)(LANES * r), sum[c * rows + r], add);
    }
}

TK_INLINE void float_product(int type, int columns, const uint8_t *tiles, size_t row_tiles, size_t blocks, const uint8_t *acts,
                             size_t act_stride, float *out, size_t out_stride, int add) {
    enum { most = TK_IN_FLIGHT };
    int rows = most / columns > 4 ? 4 : most / columns > 0 ? most / columns : 1;
    size_t row_tile = blocks * 32 * LANES * (type == TK_F32 ? 4 : 2), t = 0;
    for (; t + (size_t)rows <= row_tiles; t += (size_t)rows)
        float_group(type, rows, columns, tiles + t * row_tile, blocks, acts, act_stride, out + LANES * t, out_stride, add);
    for (; t < row_tiles; t++)
        float_group(type, 1, columns, tiles + t * row_tile, blocks, acts, act_stride, out + LANES * t, out_stride, add);
}

#define TK_FLOAT_PRODUCT(type, columns)                                                                                        \
    static void product_##type##_##columns(const uint8_t *tiles, size_t row_tiles, size_t blocks, const uint8_t *acts,         \
                                           size_t act_stride, float *out, size_t out_stride, int add) {                       \
        float_product(type, columns, tiles, row_tiles, blocks, acts, act_stride, out, out_stride, add);                       \
    }
TK_COLUMNS(TK_FLOAT_PRODUCT, TK_F32)
TK_COLUMNS(TK_FLOAT_PRODUCT, TK_F16)
TK_COLUMNS(TK_FLOAT_PRODUCT, TK_BF16)

static void float_matmul(int type, const void *tiles, size_t row_tiles, size_t blocks, const void *acts, size_t act_stride, size_t n,
                         float *out, size_t out_stride, int add) {
    static const tk_product products[3][TK_IN_FLIGHT] = {
        {TK_COLUMN_NAMES(product_TK_F32)}, {TK_COLUMN_NAMES(product_TK_F16)}, {TK_COLUMN_NAMES(product_TK_BF16)}};
    int which = type == TK_F32 ? 0 : type == TK_F16 ? 1 : 2;
    walk(products[which], blocks * 32 * LANES * (type == TK_F32 ? 4 : 2), tiles, row_tiles, blocks, acts, act_stride, n, out,
         out_stride, add);
}
