// Everything but the integer products, written once in 16 lanes and compiled by each path with its own instructions.
// A path sets before including: TK_HALF_IN / TK_HALF_OUT where it has instructions for float16, TK_PLANES when it reads
// 16-bit activations as two planes of bytes, TK_IN_FLIGHT (how many sums of 16 rows fit its registers), TK_ROWS (how many
// rows of attention do).
// Equal bits need no care here: a vector operation rounds each lane like the scalar one, and nothing is reassociated.
#include "lanes_types.h"
#include <math.h>

TK_INLINE floats all(float x) { return (floats){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}; }
TK_INLINE ints all_ints(int32_t x) { return (ints){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}; }
TK_INLINE doubles all_doubles(double x) { return (doubles){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}; }

TK_INLINE floats load(const float *p) {
    floats v;
    memcpy(&v, p, sizeof v);
    return v;
}

TK_INLINE void store(float *p, floats v) { memcpy(p, &v, sizeof v); }

TK_INLINE floats load_some(const float *p, size_t n, float rest) {
    floats v = all(rest);
    memcpy(&v, p, n * sizeof(float));
    return v;
}

TK_INLINE void store_some(float *p, floats v, size_t n) { memcpy(p, &v, n * sizeof(float)); }
TK_INLINE floats fused(floats a, floats b, floats c) { return __builtin_elementwise_fma(a, b, c); }
TK_INLINE floats pick(ints mask, floats a, floats b) { return (floats)((mask & (ints)a) | (~mask & (ints)b)); }
TK_INLINE floats greater(floats a, floats b) { return pick(a > b, a, b); }

/// Folds 16 lanes by the tree 8, 4, 2, 1.
TK_INLINE float tree(floats v) {
    float lane[LANES];
    store(lane, v);
    for (int step = 8; step > 0; step /= 2)
        for (int i = 0; i < step; i++) lane[i] += lane[i + step];
    return lane[0];
}

TK_INLINE double tree_doubles(doubles v) {
    double lane[LANES];
    memcpy(lane, &v, sizeof v);
    for (int step = 8; step > 0; step /= 2)
        for (int i = 0; i < step; i++) lane[i] += lane[i + step];
    return lane[0];
}

TK_INLINE float greatest(floats v) {
    float lane[LANES];
    store(lane, v);
    for (int step = 8; step > 0; step /= 2)
        for (int i = 0; i < step; i++) lane[i] = lane[i] > lane[i + step] ? lane[i] : lane[i + step];
    return lane[0] + 0.0f; // -0 and +0 compare equal: the lanes must not decide the sign
}

#ifndef TK_HALF_IN
/// The power of two moves the exponent, subnormal float16 included, exactly.
TK_INLINE floats half_in(const void *p) {
    halves h;
    memcpy(&h, p, sizeof h);
    ints v = __builtin_convertvector(h, ints);
    ints magnitude = (v & 0x7fff) << 13;
    ints special = (v & 0x7c00) == 0x7c00;
    ints quiet = ((v & 0x3ff) != 0) & 0x400000;
    ints scaled = (ints)((floats)magnitude * all(0x1p112f));
    ints bits = (special & (magnitude | 0x7f800000 | quiet)) | (~special & scaled);
    return (floats)(bits | ((v & 0x8000) << 16));
}
#else
TK_INLINE floats half_in(const void *p) { return TK_HALF_IN(p); }
#endif

#ifndef TK_HALF_OUT
/// To nearest even; adding 0.5 rounds a subnormal result at its own last place.
TK_INLINE halves half_out(floats x) {
    ints magnitude = (ints)x & 0x7fffffff;
    ints sign = ((ints)x >> 16) & 0x8000;
    ints normal = (magnitude + 0xfff + ((magnitude >> 13) & 1) - 0x38000000) >> 13;
    ints tiny = (ints)((floats)magnitude + all(0.5f)) - 0x3f000000;
    ints is_tiny = magnitude < 0x38800000, is_big = magnitude >= 0x477ff000, is_nan = magnitude > 0x7f800000;
    ints h = (is_tiny & tiny) | (~is_tiny & normal);
    h = (is_big & 0x7c00) | (~is_big & h);
    h = (is_nan & (0x7e00 | ((magnitude >> 13) & 0x3ff))) | (~is_nan & h);
    return __builtin_convertvector(h | sign, halves);
}
#else
TK_INLINE halves half_out(floats x) { return TK_HALF_OUT(x); }
#endif

// MARK: exp and what is made of it

/// p of exp = 2^n * p(r), r in +-ln2 / 2; the coefficients minimise the relative error (5e-11 before rounding).
TK_INLINE floats exp_parts(floats x, ints *n) {
    floats magic = all(0x1.8p23f);
    floats t = fused(x, all(0x1.715476p0f), magic);
    *n = (ints)t - (ints)magic;
    floats whole = t - magic;
    floats r = fused(whole, all(-0x1.62e43p-1f), x);
    r = fused(whole, all(0x1.05c61p-29f), r);
    floats p = all(0x1.9f085ap-13f);
    p = fused(p, r, all(0x1.6d8d52p-10f));
    p = fused(p, r, all(0x1.111272p-7f));
    p = fused(p, r, all(0x1.55548ep-5f));
    p = fused(p, r, all(0x1.555554p-3f));
    p = fused(p, r, all(0.5f));
    return fused(p, r * r, r) + all(1.0f);
}

TK_INLINE floats exp_lanes(floats x) {
    floats y = pick(x > all(-88.0f), x, all(-88.0f));
    y = pick(y < all(89.0f), y, all(89.0f));
    ints n;
    floats p = exp_parts(y, &n);
    ints first = n >> 1, second = n - first; // 2^128 is no float, its two halves are
    p = p * (floats)((first + 127) << 23) * (floats)((second + 127) << 23);
    p = pick(x < all(-87.3f), all(0.0f), p);
    return pick(x == x, p, x);
}

/// The same bits for what is not above 0, with less work: 2^n is a normal number wherever the result is not 0.
TK_INLINE floats exp_falling(floats x) {
    ints n;
    floats p = exp_parts(x, &n);
    return pick(x < all(-87.3f), all(0.0f), p * (floats)((n + 127) << 23));
}

static float lanes_exp(float x) { return exp_lanes(all(x))[0]; }

TK_INLINE floats silu(floats gate, floats up) { return gate / (all(1.0f) + exp_lanes(-gate)) * up; }

static void lanes_silu_mul(const float *gate, const float *up, size_t n, float *out) {
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) store(out + i, silu(load(gate + i), up ? load(up + i) : all(1.0f)));
    if (i < n) store_some(out + i, silu(load_some(gate + i, n - i, 0), up ? load_some(up + i, n - i, 0) : all(1.0f)), n - i);
}

TK_INLINE floats gelu(floats x) {
    floats cube = x * x * x, u = fused(cube, all(0.044715f), x);
    return x / (all(1.0f) + exp_lanes(all(-1.5957691216f) * u));
}

static void lanes_gelu_mul(const float *gate, const float *up, size_t n, float *out) {
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        floats y = gelu(load(gate + i));
        store(out + i, up ? y * load(up + i) : y);
    }
    if (i < n) {
        floats y = gelu(load_some(gate + i, n - i, 0));
        store_some(out + i, up ? y * load_some(up + i, n - i, 0) : y, n - i);
    }
}

static void lanes_log_sum(const float *logits, size_t n, float *max, double *sum) {
    floats top = all(-INFINITY);
    ints sound = all_ints(-1);
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        floats l = load(logits + i);
        top = greater(l, top);
        sound &= l < all(INFINITY);
    }
    size_t rest = n - i;
    if (rest) {
        floats l = load_some(logits + i, rest, -INFINITY);
        top = greater(l, top);
        sound &= l < all(INFINITY);
    }
    float m = greatest(top);
    if (!__builtin_reduce_and(sound) || m == -INFINITY) {
        *max = NAN;
        *sum = NAN;
        return;
    }
    doubles total = all_doubles(0);
    for (i = 0; i + LANES <= n; i += LANES) total += __builtin_convertvector(exp_falling(load(logits + i) - all(m)), doubles);
    if (rest) total += __builtin_convertvector(exp_falling(load_some(logits + i, rest, -INFINITY) - all(m)), doubles);
    *max = m;
    *sum = tree_doubles(total);
}

/// e * (l - max); where e is 0 the limit, 0, and not 0 * -inf. A product of two floats is exact in double.
TK_INLINE doubles weighted(floats l, float max) {
    floats d = l - all(max);
    floats e = exp_falling(d);
    d = pick(e == all(0.0f), all(0.0f), d);
    return __builtin_convertvector(e, doubles) * __builtin_convertvector(d, doubles);
}

static void lanes_entropy(const float *logits, size_t n, float max, double sum, double *entropy) {
    doubles total = all_doubles(0);
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) total += weighted(load(logits + i), max);
    if (i < n) total += weighted(load_some(logits + i, n - i, -INFINITY), max);
    *entropy = log(sum) - tree_doubles(total) / sum;
}

static size_t lanes_rank(const float *logits, size_t n, size_t index) {
    float own = logits[index];
    ints count = all_ints(0);
    size_t i = 0, rank = 0;
    for (; i + LANES <= index; i += LANES) count -= load(logits + i) >= all(own);
    for (; i < index; i++) rank += logits[i] >= own;
    for (i = index + 1; i + LANES <= n; i += LANES) count -= load(logits + i) > all(own);
    for (; i < n; i++) rank += logits[i] > own;
    return rank + (size_t)__builtin_reduce_add(count);
}

// MARK: norms and elementwise work

static void lanes_rmsnorm(const float *x, const float *weight, size_t n, float eps, float *out) {
    floats squares = all(0);
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) squares = fused(load(x + i), load(x + i), squares);
    size_t rest = n - i;
    if (rest) {
        floats v = load_some(x + i, rest, 0);
        squares = fused(v, v, squares);
    }
    floats scale = all(1.0f / sqrtf(tree(squares) / (float)n + eps));
    for (i = 0; i + LANES <= n; i += LANES) {
        floats y = load(x + i) * scale;
        store(out + i, weight ? y * load(weight + i) : y);
    }
    if (rest) {
        floats y = load_some(x + i, rest, 0) * scale;
        store_some(out + i, weight ? y * load_some(weight + i, rest, 0) : y, rest);
    }
}

static void lanes_layernorm(const float *x, const float *weight, const float *bias, size_t n, float eps, float *out) {
    floats sum = all(0), squares = all(0);
    for (size_t i = 0; i < n; i += LANES) sum += load_some(x + i, n - i < LANES ? n - i : LANES, 0);
    float mean = tree(sum) / (float)n;
    for (size_t i = 0; i < n; i += LANES) {
        floats v = load_some(x + i, n - i < LANES ? n - i : LANES, mean) - all(mean);
        squares = fused(v, v, squares);
    }
    floats scale = all(1.0f / sqrtf(tree(squares) / (float)n + eps));
    for (size_t i = 0; i < n; i += LANES) {
        size_t some = n - i < LANES ? n - i : LANES;
        floats y = (load_some(x + i, some, mean) - all(mean)) * scale * load_some(weight + i, some, 0);
        store_some(out + i, bias ? y + load_some(bias + i, some, 0) : y, some);
    }
}

static void lanes_add(float *x, const float *y, size_t n) {
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) store(x + i, load(x + i) + load(y + i));
    for (; i < n; i++) x[i] += y[i];
}

/// Splits 32 floats that come in pairs into firsts and seconds.
TK_INLINE void split(const float *p, floats *first, floats *second) {
    floats a = load(p), b = load(p + LANES);
    *first = __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    *second = __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
}

TK_INLINE void join(float *p, floats first, floats second) {
    store(p, __builtin_shufflevector(first, second, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
    store(p + LANES, __builtin_shufflevector(first, second, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31));
}

static void lanes_rope(float *x, size_t heads, size_t head_dim, size_t rotary, const float *cos_sin, int half) {
    size_t pairs = rotary / 2, step = half ? 1 : 2, apart = half ? pairs : 1, i = 0;
    for (; i + LANES <= pairs; i += LANES) {
        floats c, s, a, b;
        split(cos_sin + 2 * i, &c, &s);
        for (size_t h = 0; h < heads; h++) {
            float *at = x + h * head_dim + i * step;
            if (half) {
                a = load(at);
                b = load(at + apart);
                store(at, a * c - b * s);
                store(at + apart, a * s + b * c);
            } else {
                split(at, &a, &b);
                join(at, a * c - b * s, a * s + b * c);
            }
        }
    }
    for (; i < pairs; i++) {
        float c = cos_sin[2 * i], s = cos_sin[2 * i + 1];
        for (size_t h = 0; h < heads; h++) {
            float *at = x + h * head_dim + i * step, a = at[0], b = at[apart];
            at[0] = a * c - b * s;
            at[apart] = a * s + b * c;
        }
    }
}

static uint32_t lanes_read(const void *memory, size_t bytes) {
    ints sum[4] = {all_ints(0), all_ints(0), all_ints(0), all_ints(0)};
    for (size_t at = 0; at + 256 <= bytes; at += 256)
        for (size_t i = 0; i < 4; i++) {
            ints v;
            memcpy(&v, (const uint8_t *)memory + at + 64 * i, sizeof v);
            __builtin_prefetch((const uint8_t *)memory + at + 64 * i + 2048);
            sum[i] ^= v;
        }
    return (uint32_t)__builtin_reduce_xor(sum[0] ^ sum[1] ^ sum[2] ^ sum[3]);
}

#include "lanes_attention.h"
#include "lanes_matmul.h"

#define TK_FILL_TABLE(integer_matmul, multiply)                                                                                            \
    {lanes_act,     integer_matmul,  lanes_exp,         lanes_silu_mul, lanes_gelu_mul, lanes_rmsnorm, lanes_layernorm, lanes_add, lanes_rope, lanes_log_sum, \
     lanes_entropy, lanes_rank,      lanes_store_key,   lanes_store_value, lanes_scores, lanes_attend, lanes_pattern, \
     lanes_read,    multiply}
