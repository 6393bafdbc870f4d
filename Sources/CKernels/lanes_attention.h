// Attention over pages of 32 positions, in 16 lanes: positions side by side for the scores, dimensions for the values.
// A position's score and a page's partial sums do not depend on which other pages are there, so neither does what a cached,
// branched or batched prompt gets. Included by lanes.h.

static void lanes_store_key(const float *k, size_t head_dim, void *page_keys, size_t slot) {
    uint16_t *keys = page_keys;
    for (size_t d = 0; d < head_dim; d += LANES) {
        size_t count = head_dim - d < LANES ? head_dim - d : LANES;
        halves h = half_out(load_some(k + d, count, 0));
        for (size_t i = 0; i < count; i++) keys[(d + i) * TK_PAGE + slot] = h[i];
    }
}

static void lanes_store_value(const float *v, size_t head_dim, void *page_values, size_t slot) {
    uint16_t *values = (uint16_t *)page_values + slot * head_dim;
    size_t d = 0;
    for (; d + LANES <= head_dim; d += LANES) {
        halves h = half_out(load(v + d));
        memcpy(values + d, &h, sizeof h);
    }
    if (d < head_dim) {
        halves h = half_out(load_some(v + d, head_dim - d, 0));
        memcpy(values + d, &h, (head_dim - d) * 2);
    }
}

/// All 32 scores of `count` pages at once: each is one chain over d, so several pages hide its latency.
TK_INLINE void score_pages(int count, const float *q, size_t head_dim, const void *const *pages, size_t key_offset, float scale,
                           floats (*scores)[2]) {
    const uint8_t *keys[4];
    floats sum[4][2];
#pragma clang loop unroll(full)
    for (int p = 0; p < count; p++) {
        keys[p] = (const uint8_t *)pages[p] + key_offset;
        sum[p][0] = sum[p][1] = all(0);
    }
    for (size_t d = 0; d < head_dim; d++) {
        floats x = all(q[d]);
#pragma clang loop unroll(full)
        for (int p = 0; p < count; p++) {
            sum[p][0] = fused(x, half_in(keys[p] + 64 * d), sum[p][0]);
            sum[p][1] = fused(x, half_in(keys[p] + 64 * d + 32), sum[p][1]);
        }
    }
#pragma clang loop unroll(full)
    for (int p = 0; p < count; p++) {
        scores[p][0] = all(scale) * sum[p][0];
        scores[p][1] = all(scale) * sum[p][1];
    }
}

/// Scores of pages first ..< last; only positions below length are written.
static void score_range(const float *q, size_t head_dim, const void *const *pages, size_t key_offset, size_t first, size_t length,
                        float scale, float *scores) {
    size_t whole = length / TK_PAGE, last = (length + TK_PAGE - 1) / TK_PAGE;
    floats s[4][2];
    size_t p = first;
    while (p < last) {
        int count = last - p >= 4 ? 4 : last - p >= 2 ? 2 : 1;
        if (count == 4) score_pages(4, q, head_dim, pages + p, key_offset, scale, s);
        else if (count == 2) score_pages(2, q, head_dim, pages + p, key_offset, scale, s);
        else score_pages(1, q, head_dim, pages + p, key_offset, scale, s);
        for (int i = 0; i < count; i++) {
            size_t page = p + (size_t)i, bytes = (page < whole ? TK_PAGE : length - page * TK_PAGE) * sizeof(float);
            memcpy(scores + page * TK_PAGE, s[i], bytes);
        }
        p += (size_t)count;
    }
}

static void lanes_scores(const float *q, size_t head_dim, const void *const *pages, size_t key_offset, size_t length, float scale,
                         float *scores) {
    score_range(q, head_dim, pages, key_offset, 0, length, scale, scores);
}

/// Adds a page's partial output to out for `count` groups of 16 dimensions; the weights of from ..< to, ascending.
TK_INLINE void weigh_page(int count, const float *e, size_t from, size_t to, const uint16_t *values, size_t head_dim, float *out) {
    floats sum[4];
#pragma clang loop unroll(full)
    for (int i = 0; i < count; i++) sum[i] = all(0);
    for (size_t t = from; t < to; t++) {
        floats w = all(e[t]);
#pragma clang loop unroll(full)
        for (int i = 0; i < count; i++) sum[i] = fused(w, half_in(values + t * head_dim + LANES * i), sum[i]);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < count; i++) store(out + LANES * i, load(out + LANES * i) + sum[i]);
}

static void weigh(const float *e, size_t from, size_t to, const uint16_t *values, size_t head_dim, float *out) {
    size_t d = 0;
    for (; d + 4 * LANES <= head_dim; d += 4 * LANES) weigh_page(4, e, from, to, values + d, head_dim, out + d);
    for (; d + LANES <= head_dim; d += LANES) weigh_page(1, e, from, to, values + d, head_dim, out + d);
    for (; d < head_dim; d++) {
        float sum = 0;
        for (size_t t = from; t < to; t++) sum = fmaf(e[t], tk_half_to_float(values[t * head_dim + d]), sum);
        out[d] += sum;
    }
}


static void lanes_attend(const float *q, size_t head_dim, const void *const *pages, size_t key_offset, size_t value_offset,
                         size_t start, size_t length, float scale, float *scratch, float *out, float *stats) {
    memset(out, 0, head_dim * sizeof(float));
    stats[0] = stats[1] = 0;
    if (start >= length) return;
    size_t first = start / TK_PAGE, last = (length + TK_PAGE - 1) / TK_PAGE;
    score_range(q, head_dim, pages, key_offset, first, length, scale, scratch);
    for (size_t t = first * TK_PAGE; t < start; t++) scratch[t] = -INFINITY;
    for (size_t t = length; t < last * TK_PAGE; t++) scratch[t] = -INFINITY;
    floats top = all(-INFINITY);
    for (size_t t = first * TK_PAGE; t < last * TK_PAGE; t += LANES) top = greater(load(scratch + t), top);
    float max = greatest(top), sum = 0;
    for (size_t p = first; p < last; p++) {
        float *e = scratch + p * TK_PAGE;
        floats low = exp_lanes(load(e) - all(max)), high = exp_lanes(load(e + LANES) - all(max));
        store(e, low);
        store(e + LANES, high);
        size_t from = start > p * TK_PAGE ? start - p * TK_PAGE : 0;
        size_t to = length - p * TK_PAGE < TK_PAGE ? length - p * TK_PAGE : TK_PAGE;
        sum += tree(low + high);
        weigh(e, from, to, (const uint16_t *)((const uint8_t *)pages[p] + value_offset), head_dim, out);
    }
    size_t d = 0;
    for (; d + LANES <= head_dim; d += LANES) store(out + d, load(out + d) / all(sum));
    for (; d < head_dim; d++) out[d] /= sum;
    stats[0] = max;
    stats[1] = sum;
}

static void lanes_pattern(const float *scores, size_t start, size_t length, float max, float sum, float *out) {
    for (size_t t = 0; t < length; t += LANES) {
        size_t count = length - t < LANES ? length - t : LANES;
        floats e = exp_lanes(load_some(scores + t, count, 0) - all(max)) / all(sum);
        store_some(out + t, e, count);
    }
    for (size_t t = 0; t < start && t < length; t++) out[t] = 0;
}
