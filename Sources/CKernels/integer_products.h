// One function for each integer type and width of columns, from the path's own integer_product.

#define TK_INTEGER_PRODUCT(type, columns)                                                                                      \
    static void product_##type##_##columns(const uint8_t *tiles, size_t row_tiles, size_t blocks, const uint8_t *acts,         \
                                           size_t act_stride, float *out, size_t out_stride, int add) {                       \
        integer_product(type, columns, tiles, row_tiles, blocks, acts, act_stride, out, out_stride, add);                     \
    }
#if TK_WIDEST == 3
#define TK_INTEGER_PRODUCTS(type)                                                                                              \
    TK_INTEGER_PRODUCT(type, 1)                                                                                                \
    TK_INTEGER_PRODUCT(type, 2)                                                                                                \
    TK_INTEGER_PRODUCT(type, 4)                                                                                                \
    TK_INTEGER_PRODUCT(type, 8)                                                                                                \
    static const tk_product products_##type[] = {product_##type##_1, product_##type##_2, product_##type##_4, product_##type##_8};
#else
#define TK_INTEGER_PRODUCTS(type)                                                                                              \
    TK_INTEGER_PRODUCT(type, 1)                                                                                                \
    TK_INTEGER_PRODUCT(type, 2)                                                                                                \
    TK_INTEGER_PRODUCT(type, 4)                                                                                                \
    static const tk_product products_##type[] = {product_##type##_1, product_##type##_2, product_##type##_4};
#endif
TK_INTEGER_PRODUCTS(TK_Q4_0)
TK_INTEGER_PRODUCTS(TK_Q4_1)
TK_INTEGER_PRODUCTS(TK_Q5_0)
TK_INTEGER_PRODUCTS(TK_Q5_1)
TK_INTEGER_PRODUCTS(TK_Q8_0)

static void integer_matmul(int type, const void *tiles, size_t row_tiles, size_t blocks, const void *acts, size_t act_stride,
                           size_t n, float *out, size_t out_stride, int add) {
    if (tk_is_float(type)) {
        float_matmul(type, tiles, row_tiles, blocks, acts, act_stride, n, out, out_stride, add);
        return;
    }
    const tk_product *products = type == TK_Q4_0 ? products_TK_Q4_0 : type == TK_Q4_1 ? products_TK_Q4_1
                               : type == TK_Q5_0 ? products_TK_Q5_0 : type == TK_Q5_1 ? products_TK_Q5_1 : products_TK_Q8_0;
    walk(products, TK_WIDEST, blocks * tk_layout(type).tile_bytes, tiles, row_tiles, blocks, acts, act_stride, n, out, out_stride, add);
}
