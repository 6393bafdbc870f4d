// The arithmetic of the forward pass: packed weights, activations, attention, reductions, and the threads that share them.
// In: pointers and sizes the caller has checked. Out: float32 in the caller's memory.
// Invariants: the portable, AVX2 and AVX-512 paths give the same bits, for every number of columns; every sum has one
// written order; nothing here allocates but tk_alloc and tk_pool_create, and nothing fails but those two.
// Must not know: models, files, tokens.
#ifndef TK_KERNELS_H
#define TK_KERNELS_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// The numbers are GGUF's.
enum tk_type {
    TK_F32 = 0, TK_F16 = 1, TK_Q4_0 = 2, TK_Q4_1 = 3, TK_Q5_0 = 6, TK_Q5_1 = 7, TK_Q8_0 = 8, TK_Q2_K = 10, TK_Q3_K = 11, TK_Q4_K = 12, TK_Q5_K = 13, TK_Q6_K = 14,
    TK_IQ4_NL = 20, TK_BF16 = 30
};
enum tk_path { TK_PORTABLE = 0, TK_AVX2 = 1, TK_AVX512 = 2 };

/// The path in use; chosen at first use, the best the CPU has or what TERRARIUM_KERNELS=portable|avx2|avx512 names.
int tk_path(void);
/// Switches the path of the calling thread and of the pools it runs, for tests and benchmarks; 0 when the CPU lacks it.
/// Activations must be made anew.
int tk_use_path(int path);
const char *tk_path_name(int path);

/// Zeroed memory, huge pages where it is big; NULL when refused. Unit: bytes.
void *tk_alloc(size_t bytes);
void tk_free(void *memory, size_t bytes);

// Weights lie in tiles of 16 rows x 32 inputs; a row tile is the `blocks` tiles of 16 rows, one after another.
int tk_supported(int type);
/// Unit: bytes of one row as in the file.
size_t tk_row_bytes(int type, size_t columns);
size_t tk_tile_bytes(int type);
/// Packs 1...16 rows of a file into one row tile; rows and columns that are missing are zeros.
/// Shape: rows [row_count][tk_row_bytes] -> tiles [blocks][tk_tile_bytes]; columns % 32 != 0 only for float types,
/// columns % 256 == 0 for K types.
void tk_pack(int type, const void *rows, size_t row_count, size_t columns, void *tiles);
/// One row as ggml dequantises it. Shape: out [blocks * 32].
void tk_unpack_row(int type, const void *tiles, size_t blocks, size_t row, float *out);

/// Enough for one column of either kind; a multiple of 64.
size_t tk_act_bytes(size_t columns);
/// Makes one column ready for weights of a type: 16-bit integers with a power of two as scale per 32, or the floats themselves.
/// What is not finite, or beyond 2^114, makes all sums of its column NaN.
void tk_act(int type, const float *x, size_t columns, void *act);
/// out[c * out_stride + 16 * t + r] = the sum (add == 0), or += the sum by one rounded add.
/// Integer types: acc = 0; blocks ascending: acc = fma(d * s, isum, acc), then with a minimum acc = fma(m, ss, acc); where each 16
/// inputs have a scale of their own, first all of the lower half, then of the upper half.
/// Float types: acc = fma(w[k], x[k], acc), k ascending. Shape: acts [n][act_stride bytes].
void tk_matmul(int type, const void *tiles, size_t row_tiles, size_t blocks, const void *acts, size_t act_stride, size_t n,
               float *out, size_t out_stride, int add);

/// Within 2 ulp; 0 below -87.3, infinity above the range, NaN stays.
float tk_exp(float x);
/// out = gate / (1 + exp(-gate)) * up; a NULL up is ones.
void tk_silu_mul(const float *gate, const float *up, size_t n, float *out);
/// out = gate / (1 + exp(-2 * sqrt(2 / pi) * (gate + 0.044715 * gate^3))) * up, the form with tanh; a NULL up is ones.
/// Source: Hendrycks and Gimpel 2016.
void tk_gelu_mul(const float *gate, const float *up, size_t n, float *out);
/// out = x * (1 / sqrt(mean of squares + eps)) * weight; a NULL weight is ones. out may be x.
void tk_rmsnorm(const float *x, const float *weight, size_t n, float eps, float *out);
/// out = (x - mean) * (1 / sqrt(variance + eps)) * weight + bias; a NULL bias is zeros. out may be x. Source: Ba et al. 2016.
void tk_layernorm(const float *x, const float *weight, const float *bias, size_t n, float eps, float *out);
void tk_add(float *x, const float *y, size_t n);
/// Rotates the first `rotary` of each head's dimensions; half == 0 pairs (2i, 2i + 1), else (i, i + rotary / 2).
/// Shape: x [heads][head_dim], cos_sin [rotary / 2][2].
void tk_rope(float *x, size_t heads, size_t head_dim, size_t rotary, const float *cos_sin, int half);
/// The maximum and the sum of exp(l - max); NaN or +inf anywhere, or nothing above -inf, makes both NaN.
void tk_log_sum(const float *logits, size_t n, float *max, double *sum);
/// Unit: nats.
void tk_entropy(const float *logits, size_t n, float max, double sum, double *entropy);
/// How many are greater, or equal with a lower index.
size_t tk_rank(const float *logits, size_t n, size_t index);

// KV cache: pages of 32 positions; one layer and KV head: keys float16 [head_dim][32], values float16 [32][head_dim].
enum { TK_PAGE = 32 };
/// `count` dimensions of a key to a slot; of a value to its place. Both at the first dimension's address.
void tk_store_key(const float *k, size_t count, void *keys, size_t slot);
void tk_store_value(const float *v, size_t count, void *value);
/// scores[t] = scale * (fma over d ascending), t in 0 ..< length; offsets in bytes from each page's base.
void tk_scores(const float *q, size_t head_dim, const void *const *pages, size_t key_offset, size_t length, float scale,
               float *scores);
/// One query of one head over the positions start ..< length; none of them give zeros.
struct tk_row {
    const float *q;
    float *out, *stats;
    size_t start, length;
};
/// The most rows whose reading of keys and values is shared.
enum { TK_MOST_ROWS = 6 };
/// Each row: a maximum, then page by page the sums of 16 lanes and a partial output, folded in page order. Rows share pages only.
/// Shape: scratch [TK_MOST_ROWS][stride], stride >= length rounded up to 32; out [head_dim], stats [2] = maximum, sum.
void tk_attend(const struct tk_row *rows, size_t count, size_t head_dim, const void *const *pages, size_t key_offset,
               size_t value_offset, float scale, float *scratch, size_t stride);
/// exp(s - max) / sum, the numbers tk_attend used; zeros before start. Shape: out [length].
void tk_pattern(const float *scores, size_t start, size_t length, float max, float sum, float *out);

/// What the machine itself can do, for a benchmark's comparison: reads everything once, gives back a sum of it;
/// and multiplies 16-bit by 4-bit integers from registers, gives back how many.
uint32_t tk_read(const void *memory, size_t bytes);
double tk_multiply(size_t rounds);

/// Lanes of execution, 1...64; the caller is lane 0. Workers spin shortly, then sleep until the next run.
typedef struct tk_pool tk_pool;
/// NULL when a thread is refused.
tk_pool *tk_pool_create(int lanes);
void tk_pool_destroy(tk_pool *pool);
int tk_pool_lanes(const tk_pool *pool);
/// Runs work on every lane and returns when all are done; what they wrote is then visible. One run at a time.
void tk_pool_run(tk_pool *pool, void (*work)(void *context, int lane, int lanes), void *context);
/// Inside work, called by every lane.
void tk_barrier(tk_pool *pool);

#ifdef __cplusplus
}
#endif
#endif
