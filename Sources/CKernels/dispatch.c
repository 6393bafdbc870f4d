// Which path runs: one table, picked at first use.
#define _GNU_SOURCE
#include "inside.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

static _Atomic(const struct tk_table *) chosen;
/// What this thread was told to use; pools hand it on to their workers.
static _Thread_local const struct tk_table *forced;

const struct tk_table *tk_forced_table(void) { return forced; }
void tk_force_table(const struct tk_table *table) { forced = table; }

static const struct tk_table *table_of(int path) {
    if (path == TK_PORTABLE) return &tk_portable_table;
#if defined(__x86_64__)
    __builtin_cpu_init();
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    if (path == TK_AVX2 && avx2) return &tk_avx2_table;
    if (path == TK_AVX512 && avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vnni"))
        return &tk_avx512_table;
#endif
    return NULL;
}

const char *tk_path_name(int path) {
    static const char *const names[] = {"portable", "avx2", "avx512"};
    return path >= TK_PORTABLE && path <= TK_AVX512 ? names[path] : "unknown";
}

/// Two threads that choose at once choose the same.
static const struct tk_table *choose(void) {
    const char *wish = getenv("TERRARIUM_KERNELS");
    const struct tk_table *table = NULL;
    for (int path = TK_AVX512; path >= TK_PORTABLE && wish; path--)
        if (strcmp(wish, tk_path_name(path)) == 0) table = table_of(path);
    for (int path = TK_AVX512; path >= TK_PORTABLE && !table; path--) table = table_of(path);
    atomic_store_explicit(&chosen, table, memory_order_release);
    return table;
}

TK_INLINE const struct tk_table *table(void) {
    if (forced) return forced;
    const struct tk_table *t = atomic_load_explicit(&chosen, memory_order_acquire);
    return t ? t : choose();
}

int tk_path(void) {
    const struct tk_table *t = table();
    for (int path = TK_AVX512; path > TK_PORTABLE; path--)
        if (table_of(path) == t) return path;
    return TK_PORTABLE;
}

int tk_use_path(int path) {
    const struct tk_table *t = table_of(path);
    if (t) forced = t;
    return t != NULL;
}

enum { HUGE_PAGE = 2 << 20 };

static size_t rounded(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

/// A big mapping is cut to start on a huge page, so that the whole of it can be huge pages.
void *tk_alloc(size_t bytes) {
    int big = bytes >= HUGE_PAGE;
    if (bytes == 0 || bytes > SIZE_MAX / 2) return NULL;
    size_t size = rounded(bytes, 4096), mapped = size + (big ? HUGE_PAGE : 0);
    uint8_t *base = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) return NULL;
    if (!big) return base;
    uint8_t *start = (uint8_t *)rounded((uintptr_t)base, HUGE_PAGE);
    if (start > base) munmap(base, (size_t)(start - base));
    size_t tail = (size_t)(base + mapped - (start + size));
    if (tail) munmap(start + size, tail);
    madvise(start, size, MADV_HUGEPAGE);
    return start;
}

void tk_free(void *memory, size_t bytes) {
    if (memory) munmap(memory, rounded(bytes, 4096));
}

void tk_act(int type, const float *x, size_t columns, void *act) { table()->act(type, x, columns, act); }

void tk_matmul(int type, const void *tiles, size_t row_tiles, size_t blocks, const void *acts, size_t act_stride, size_t n,
               float *out, size_t out_stride, int add) {
    if (n > 0) table()->matmul(type, tiles, row_tiles, blocks, acts, act_stride, n, out, out_stride, add);
}

float tk_exp(float x) { return table()->exp(x); }
void tk_silu_mul(const float *gate, const float *up, size_t n, float *out) { table()->silu_mul(gate, up, n, out); }
void tk_gelu_mul(const float *gate, const float *up, size_t n, float *out) { table()->gelu_mul(gate, up, n, out); }

void tk_rmsnorm(const float *x, const float *weight, size_t n, float eps, float *out) {
    table()->rmsnorm(x, weight, n, eps, out);
}

void tk_layernorm(const float *x, const float *weight, const float *bias, size_t n, float eps, float *out) {
    table()->layernorm(x, weight, bias, n, eps, out);
}

void tk_add(float *x, const float *y, size_t n) { table()->add(x, y, n); }

void tk_rope(float *x, size_t heads, size_t head_dim, size_t rotary, const float *cos_sin, int half) {
    table()->rope(x, heads, head_dim, rotary, cos_sin, half);
}

void tk_log_sum(const float *logits, size_t n, float *max, double *sum) { table()->log_sum(logits, n, max, sum); }

void tk_entropy(const float *logits, size_t n, float max, double sum, double *entropy) {
    table()->entropy(logits, n, max, sum, entropy);
}

size_t tk_rank(const float *logits, size_t n, size_t index) { return table()->rank(logits, n, index); }

void tk_store_key(const float *k, size_t count, void *keys, size_t slot) { table()->store_key(k, count, keys, slot); }
void tk_store_value(const float *v, size_t count, void *value) { table()->store_value(v, count, value); }

void tk_scores(const float *q, size_t head_dim, const void *const *pages, size_t key_offset, size_t length, float scale,
               float *scores) {
    table()->scores(q, head_dim, pages, key_offset, length, scale, scores);
}

void tk_attend(const struct tk_row *rows, size_t count, size_t head_dim, const void *const *pages, size_t key_offset,
               size_t value_offset, float scale, float *scratch, size_t stride) {
    table()->attend(rows, count, head_dim, pages, key_offset, value_offset, scale, scratch, stride);
}

void tk_pattern(const float *scores, size_t start, size_t length, float max, float sum, float *out) {
    table()->pattern(scores, start, length, max, sum, out);
}

uint32_t tk_read(const void *memory, size_t bytes) { return table()->read(memory, bytes); }
double tk_multiply(size_t rounds) { return table()->multiply(rounds); }
