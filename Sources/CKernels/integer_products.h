// One function for each integer type and number of columns, from the path's own integer_product.

#define TK_INTEGER_PRODUCT(type, columns)                                                                                      \
    static void product_##type##_##columns(const uint8_t *tiles, size_t row_tiles, size_t blocks, const uint8_t *acts,         \
                                           size_t act_stride, float *out, size_t out_stride, int add) {                       \
        integer_product(type, columns, tiles, row_tiles, blocks, acts, act_stride, out, out_stride, add);                     \
    }
#define TK_INTEGER_PRODUCTS(type)                                                                                              \
    TK_COLUMNS(TK_INTEGER_PRODUCT, type)                                                                                       \
    static const tk_product products_##type[] = {TK_COLUMN_NAMES(product_##type)};
TK_INTEGER_PRODUCTS(TK_Q4_0)
TK_INTEGER_PRODUCTS(TK_Q4_1)
TK_INTEGER_PRODUCTS(TK_Q5_0)
TK_INTEGER_PRODUCTS(TK_Q5_1)
TK_INTEGER_PRODUCTS(TK_Q8_0)
TK_INTEGER_PRODUCTS(TK_Q2_K)
TK_INTEGER_PRODUCTS(TK_Q3_K)
TK_INTEGER_PRODUCTS(TK_Q4_K)
TK_INTEGER_PRODUCTS(TK_Q5_K)
TK_INTEGER_PRODUCTS(TK_Q6_K)

static void integer_matmul(int type, const void *tiles, size_t row_tiles, size_t blocks, const void *acts, size_t act_stride,
                           size_t n, float *out, size_t out_stride, int add) {
    if (tk_is_float(type)) {
        float_matmul(type, tiles, row_tiles, blocks, acts, act_stride, n, out, out_stride, add);
        return;
    }
    const tk_product *products = type == TK_Q4_0 ? products_TK_Q4_0 : type == TK_Q4_1 ? products_TK_Q4_1
                               : type == TK_Q5_0 ? products_TK_Q5_0 : type == TK_Q5_1 ? products_TK_Q5_1
                               : type == TK_Q4_K ? products_TK_Q4_K : type == TK_Q5_K ? products_TK_Q5_K
                               : type == TK_Q2_K ? products_TK_Q2_K : type == TK_Q3_K ? products_TK_Q3_K : type == TK_Q6_K ? products_TK_Q6_K : products_TK_Q8_0;
    walk(products, blocks * tk_layout(type).tile_bytes, tiles, row_tiles, blocks, acts, act_stride, n, out, out_stride, add);
}
