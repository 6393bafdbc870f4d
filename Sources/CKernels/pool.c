// Lanes of execution: the caller and its workers, who spin for a short while and then sleep in the kernel.
// Every wait is on one 32-bit number that only grows; who sleeps is counted, so that nobody is woken in vain.
#define _GNU_SOURCE
#include "inside.h"
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Between runs about 50 us: longer than a generation takes from one token to the next, shorter than a turn of a scheduler.
enum { MOST_LANES = 64, SPINS = 1000, SPINS_BETWEEN_RUNS = 2000 };

/// A number to wait for, on a cache line of its own.
struct gate {
    _Alignas(64) _Atomic uint32_t number;
    _Atomic uint32_t sleepers;
};

struct tk_pool {
    struct gate runs, done, barrier;
    _Alignas(64) _Atomic uint32_t busy;
    _Alignas(64) _Atomic uint32_t arrived;
    int lanes;
    _Atomic int closing;
    void (*work)(void *, int, int);
    void *context;
    const struct tk_table *table;
    pthread_t threads[MOST_LANES];
};

struct start {
    tk_pool *pool;
    int lane;
};

static void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/// Waits until the gate's number is no longer `old`.
static void wait_past(struct gate *gate, uint32_t old, int spins) {
    for (int i = 0; i < spins; i++) {
        if (atomic_load_explicit(&gate->number, memory_order_acquire) != old) return;
        relax();
    }
    atomic_fetch_add(&gate->sleepers, 1);
    while (atomic_load(&gate->number) == old) syscall(SYS_futex, &gate->number, FUTEX_WAIT_PRIVATE, old, NULL, NULL, 0);
    atomic_fetch_sub(&gate->sleepers, 1);
}

static void advance(struct gate *gate) {
    atomic_fetch_add(&gate->number, 1);
    if (atomic_load(&gate->sleepers)) syscall(SYS_futex, &gate->number, FUTEX_WAKE_PRIVATE, MOST_LANES, NULL, NULL, 0);
}

static void *worker(void *argument) {
    struct start start = *(struct start *)argument;
    free(argument);
    tk_pool *pool = start.pool;
    for (uint32_t run = 0;; run++) {
        wait_past(&pool->runs, run, SPINS_BETWEEN_RUNS);
        if (atomic_load(&pool->closing)) return NULL;
        tk_force_table(pool->table);
        pool->work(pool->context, start.lane, pool->lanes);
        if (atomic_fetch_sub(&pool->busy, 1) == 1) advance(&pool->done);
    }
}

tk_pool *tk_pool_create(int lanes) {
    if (lanes < 1) lanes = 1;
    if (lanes > MOST_LANES) lanes = MOST_LANES;
    tk_pool *pool = aligned_alloc(64, (sizeof *pool + 63) / 64 * 64);
    if (!pool) return NULL;
    *pool = (tk_pool){.lanes = 1};
    for (int lane = 1; lane < lanes; lane++) {
        struct start *start = malloc(sizeof *start);
        if (start) *start = (struct start){pool, lane};
        if (!start || pthread_create(&pool->threads[lane], NULL, worker, start) != 0) {
            free(start);
            tk_pool_destroy(pool);
            return NULL;
        }
        pool->lanes = lane + 1;
    }
    return pool;
}

void tk_pool_destroy(tk_pool *pool) {
    if (!pool) return;
    atomic_store(&pool->closing, 1);
    advance(&pool->runs);
    for (int lane = 1; lane < pool->lanes; lane++) pthread_join(pool->threads[lane], NULL);
    free(pool);
}

int tk_pool_lanes(const tk_pool *pool) { return pool->lanes; }

void tk_pool_run(tk_pool *pool, void (*work)(void *context, int lane, int lanes), void *context) {
    if (pool->lanes == 1) {
        work(context, 0, 1);
        return;
    }
    uint32_t before = atomic_load(&pool->done.number);
    pool->work = work;
    pool->context = context;
    pool->table = tk_forced_table();
    atomic_store(&pool->busy, (uint32_t)pool->lanes - 1);
    advance(&pool->runs);
    work(context, 0, pool->lanes);
    wait_past(&pool->done, before, SPINS);
}

void tk_barrier(tk_pool *pool) {
    if (pool->lanes == 1) return;
    uint32_t before = atomic_load(&pool->barrier.number);
    if (atomic_fetch_add(&pool->arrived, 1) + 1 == (uint32_t)pool->lanes) {
        atomic_store(&pool->arrived, 0);
        advance(&pool->barrier);
    } else {
        wait_past(&pool->barrier, before, SPINS);
    }
}
