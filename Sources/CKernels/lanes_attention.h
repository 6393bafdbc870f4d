// Attention over pages of 32 positions, in 16 lanes: positions side by side for the scores, dimensions for the values.
// A position's score and a page's partial sums do not depend on which other pages are there, so neither does what a cached,
// branched or batched prompt gets. Included by lanes.h.

static void lanes_store_key(const float *k, size_t count, void *keys, size_t slot) {
    uint16_t *to = (uint16_t *)keys + slot;
    for (size_t d = 0; d < count; d += LANES) {
        size_t some = count - d < LANES ? count - d : LANES;
        halves h = half_out(load_some(k + d, some, 0));
        for (size_t i = 0; i < some; i++) to[(d + i) * TK_PAGE] = h[i];
    }
}

static void lanes_store_value(const float *v, size_t count, void *value) {
    uint16_t *to = value;
    size_t d = 0;
    for (; d + LANES <= count; d += LANES) {
        halves h = half_out(load(v + d));
        memcpy(to + d, &h, sizeof h);
    }
    if (d < count) {
        halves h = half_out(load_some(v + d, count - d, 0));
        memcpy(to + d, &h, (count - d) * 2);
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

/// The scores of `count` rows over `width` pages at once: what is read of a page serves all rows, what of a row all pages.
TK_INLINE void score_together(int count, int width, const struct tk_row *rows, size_t head_dim, const void *const *pages,
                              size_t key_offset, float scale, float *scratch, size_t stride) {
    const uint8_t *keys[2];
    floats sum[TK_ROWS][4];
#pragma clang loop unroll(full)
    for (int p = 0; p < width; p++) keys[p] = (const uint8_t *)pages[p] + key_offset;
#pragma clang loop unroll(full)
    for (int r = 0; r < count; r++)
#pragma clang loop unroll(full)
        for (int i = 0; i < 2 * width; i++) sum[r][i] = all(0);
    for (size_t d = 0; d < head_dim; d++) {
        floats k[4];
#pragma clang loop unroll(full)
        for (int i = 0; i < 2 * width; i++) k[i] = half_in(keys[i / 2] + 64 * d + 32 * (i % 2));
#pragma clang loop unroll(full)
        for (int r = 0; r < count; r++)
#pragma clang loop unroll(full)
            for (int i = 0; i < 2 * width; i++) sum[r][i] = fused(all(rows[r].q[d]), k[i], sum[r][i]);
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < count; r++)
#pragma clang loop unroll(full)
        for (int i = 0; i < 2 * width; i++) store(scratch + (size_t)r * stride + LANES * i, all(scale) * sum[r][i]);
}

/// The scores of `count` rows over pages first ..< last. Shape: scratch[r] [last * 32].
TK_INLINE void score_rows(int count, const struct tk_row *rows, size_t head_dim, const void *const *pages, size_t key_offset,
                          size_t first, size_t last, float scale, float *scratch, size_t stride) {
    size_t p = first;
    for (; p + 2 <= last; p += 2) score_together(count, 2, rows, head_dim, pages + p, key_offset, scale, scratch + p * TK_PAGE, stride);
    if (p < last) score_together(count, 1, rows, head_dim, pages + p, key_offset, scale, scratch + p * TK_PAGE, stride);
}

/// Adds a page's partial outputs to the rows' for `width` groups of 16 dimensions; each row's weights from[r] ..< to[r], ascending.
TK_INLINE void weigh_page(int count, int width, const struct tk_row *rows, const float *const *e, const size_t *from, const size_t *to,
                          const uint16_t *values, size_t head_dim, size_t at) {
    floats sum[TK_ROWS][4];
    size_t start = from[0], shared = from[0], whole = to[0], end = to[0];
#pragma clang loop unroll(full)
    for (int r = 0; r < count; r++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < width; i++) sum[r][i] = all(0);
        start = from[r] < start ? from[r] : start;
        shared = from[r] > shared ? from[r] : shared;
        whole = to[r] < whole ? to[r] : whole;
        end = to[r] > end ? to[r] : end;
    }
    for (size_t t = start; t < end; t++) {
        floats v[4];
        int every = t >= shared && t < whole;
#pragma clang loop unroll(full)
        for (int i = 0; i < width; i++) v[i] = half_in(values + t * head_dim + at + LANES * (size_t)i);
        if (every) {
#pragma clang loop unroll(full)
            for (int r = 0; r < count; r++)
#pragma clang loop unroll(full)
                for (int i = 0; i < width; i++) sum[r][i] = fused(all(e[r][t]), v[i], sum[r][i]);
        } else {
#pragma clang loop unroll(full)
            for (int r = 0; r < count; r++)
                if (t >= from[r] && t < to[r])
#pragma clang loop unroll(full)
                    for (int i = 0; i < width; i++) sum[r][i] = fused(all(e[r][t]), v[i], sum[r][i]);
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < count; r++)
#pragma clang loop unroll(full)
        for (int i = 0; i < width; i++) {
            float *out = rows[r].out + at + LANES * i;
            store(out, load(out) + sum[r][i]);
        }
}

TK_INLINE void weigh(int count, const struct tk_row *rows, const float *const *e, const size_t *from, const size_t *to,
                     const uint16_t *values, size_t head_dim) {
    size_t d = 0;
    for (; d + 4 * LANES <= head_dim; d += 4 * LANES) weigh_page(count, 4, rows, e, from, to, values, head_dim, d);
    for (; d + LANES <= head_dim; d += LANES) weigh_page(count, 1, rows, e, from, to, values, head_dim, d);
    for (; d < head_dim; d++)
        for (int r = 0; r < count; r++) {
            float sum = 0;
            for (size_t t = from[r]; t < to[r]; t++) sum = fmaf(e[r][t], tk_half_to_float(values[t * head_dim + d]), sum);
            rows[r].out[d] += sum;
        }
}

/// Turns a row's scores into exp(score - maximum), zeros outside its range; leaves the maximum and the sum in its stats.
TK_INLINE void soften(const struct tk_row *row, float *scores) {
    size_t first = row->start / TK_PAGE * TK_PAGE, last = (row->length + TK_PAGE - 1) / TK_PAGE * TK_PAGE;
    for (size_t t = first; t < row->start; t++) scores[t] = -INFINITY;
    for (size_t t = row->length; t < last; t++) scores[t] = -INFINITY;
    floats top = all(-INFINITY), sum = all(0);
    for (size_t t = first; t < last; t += LANES) top = greater(load(scores + t), top);
    float max = greatest(top);
    for (size_t t = first; t < last; t += TK_PAGE) {
        floats low = exp_falling(load(scores + t) - all(max)), high = exp_falling(load(scores + t + LANES) - all(max));
        store(scores + t, low);
        store(scores + t + LANES, high);
        sum += low + high;
    }
    row->stats[0] = max;
    row->stats[1] = tree(sum);
}

TK_INLINE void attend_rows(int count, const struct tk_row *rows, size_t head_dim, const void *const *pages, size_t key_offset,
                           size_t value_offset, float scale, float *scratch, size_t stride) {
    size_t first = rows[0].start / TK_PAGE, last = 0;
    for (int r = 0; r < count; r++) {
        size_t from = rows[r].start / TK_PAGE, to = (rows[r].length + TK_PAGE - 1) / TK_PAGE;
        first = from < first ? from : first;
        last = to > last ? to : last;
    }
    if (count == 1) score_range(rows->q, head_dim, pages, key_offset, first, last * TK_PAGE, scale, scratch);
    else score_rows(count, rows, head_dim, pages, key_offset, first, last, scale, scratch, stride);
    for (int r = 0; r < count; r++) {
        memset(rows[r].out, 0, head_dim * sizeof(float));
        rows[r].stats[0] = rows[r].stats[1] = 0;
        if (rows[r].start < rows[r].length) soften(&rows[r], scratch + (size_t)r * stride);
    }
    for (size_t p = first; p < last; p++) {
        const float *e[TK_ROWS];
        size_t from[TK_ROWS], to[TK_ROWS];
        for (int r = 0; r < count; r++) {
            size_t start = rows[r].start, length = rows[r].length, base = p * TK_PAGE;
            e[r] = scratch + (size_t)r * stride + base;
            from[r] = start > base ? start - base : 0;
            to[r] = length < base ? 0 : length - base < TK_PAGE ? length - base : TK_PAGE;
            if (from[r] >= to[r]) from[r] = to[r] = 0; // the page lies outside this row's range
        }
        weigh(count, rows, e, from, to, (const uint16_t *)((const uint8_t *)pages[p] + value_offset), head_dim);
    }
    for (int r = 0; r < count; r++) {
        float sum = rows[r].start < rows[r].length ? rows[r].stats[1] : 1;
        size_t d = 0;
        for (; d + LANES <= head_dim; d += LANES) store(rows[r].out + d, load(rows[r].out + d) / all(sum));
        for (; d < head_dim; d++) rows[r].out[d] /= sum;
    }
}

#define TK_ATTEND_ROWS(count)                                                                                                   \
    static void attend_##count(const struct tk_row *rows, size_t head_dim, const void *const *pages, size_t key_offset,          \
                               size_t value_offset, float scale, float *scratch, size_t stride) {                               \
        attend_rows(count, rows, head_dim, pages, key_offset, value_offset, scale, scratch, stride);                             \
    }
TK_ATTEND_ROWS(1)
#if TK_ROWS == 6
TK_ATTEND_ROWS(2)
TK_ATTEND_ROWS(3)
TK_ATTEND_ROWS(4)
TK_ATTEND_ROWS(5)
TK_ATTEND_ROWS(6)
#endif

static void lanes_attend(const struct tk_row *rows, size_t count, size_t head_dim, const void *const *pages, size_t key_offset,
                         size_t value_offset, float scale, float *scratch, size_t stride) {
    static void (*const groups[TK_ROWS])(const struct tk_row *, size_t, const void *const *, size_t, size_t, float, float *, size_t) = {
        attend_1,
#if TK_ROWS == 6
        attend_2, attend_3, attend_4, attend_5, attend_6,
#endif
    };
    for (size_t r = 0; r < count;) {
        size_t group = count - r < TK_ROWS ? count - r : TK_ROWS;
        groups[group - 1](rows + r, head_dim, pages, key_offset, value_offset, scale, scratch, stride);
        r += group;
    }
}

static void lanes_pattern(const float *scores, size_t start, size_t length, float max, float sum, float *out) {
    for (size_t t = 0; t < length; t += LANES) {
        size_t count = length - t < LANES ? length - t : LANES;
        floats e = exp_falling(load_some(scores + t, count, 0) - all(max)) / all(sum);
        store_some(out + t, e, count);
    }
    for (size_t t = 0; t < start && t < length; t++) out[t] = 0;
}
