// AVX-512 with VNNI.
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <string.h>
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,fma,f16c"))), apply_to = function)
#define TK_IN_FLIGHT 8
#include "lanes.h"
static void avx512_matmul(int type, const void *tiles, size_t row_tiles, size_t blocks, const void *acts, size_t act_stride,
                            size_t n, float *out, size_t out_stride, int add) {
    if (!tk_is_float(type)) { tk_portable_table.matmul(type, tiles, row_tiles, blocks, acts, act_stride, n, out, out_stride, add); return; }
    float_matmul(type, tiles, row_tiles, blocks, acts, act_stride, n, out, out_stride, add);
}
const struct tk_table tk_avx512_table = TK_FILL_TABLE(avx512_matmul);
#pragma clang attribute pop
#endif
