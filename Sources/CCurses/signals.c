#define _GNU_SOURCE
#include "state.h"

#include "ccurses.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const int told[] = {SIGWINCH, SIGTSTP, SIGCONT, SIGTERM, SIGHUP, SIGINT, SIGQUIT};
static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT, SIGSYS};
enum { TOLD = sizeof told / sizeof *told, CRASHES = sizeof crashes / sizeof *crashes };

static struct sigaction told_before[TOLD], crashes_before[CRASHES], pipe_before;

int tc_sigwinch(void) { return SIGWINCH; }
int tc_sigcont(void) { return SIGCONT; }
int tc_sigtstp(void) { return SIGTSTP; }
int tc_sighup(void) { return SIGHUP; }

int tc_write_all(int fd, const void *bytes, size_t count) {
    const char *at = bytes;
    while (count > 0) {
        ssize_t n = write(fd, at, count);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return -1;
        at += n;
        count -= (size_t)n;
    }
    return 0;
}

static void tell(int number) {
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    if (number == SIGCONT) tc.continued++;
    if (write(tc.pipe[1], &byte, 1) < 0) { /* a full pipe already tells */ }
    errno = saved;
}

/// Copies what standard error held to where it belongs; safe in a handler.
static void replay(void) {
    char buffer[4096];
    off_t at = 0;
    for (;;) {
        ssize_t n = pread(tc.held_stderr, buffer, sizeof buffer, at);
        if (n <= 0 || tc_write_all(tc.saved_stderr, buffer, (size_t)n) != 0) return;
        at += n;
    }
}

static void crash(int number, siginfo_t *info, void *context) {
    (void)info;
    (void)context;
    for (int i = 0; i < CRASHES; i++) signal(crashes[i], SIG_DFL);
    if (tc.started) {
        tc.started = 0;
        // From the background the terminal belongs to another.
        if (tcgetpgrp(tc.fd) == getpgrp()) {
            tc_write_all(tc.fd, tc.off, tc.off_count);
            tcsetattr(tc.fd, TCSANOW, &tc.before);
        }
        if (tc.held_stderr >= 0) replay();
    }
    // Blocked until we return: then the process ends by the very signal that came.
    raise(number);
}

int tc_guard_thread(void) {
    stack_t now;
    if (sigaltstack(NULL, &now) == 0 && !(now.ss_flags & SS_DISABLE)) return 0;
    size_t size = 64 << 10;
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return -1;
    stack_t stack = {.ss_sp = memory, .ss_size = size};
    return sigaltstack(&stack, NULL);
}

int tc_signals_start(void) {
    if (pipe2(tc.pipe, O_CLOEXEC | O_NONBLOCK) != 0) return -1;
    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
    tc_guard_thread();

    struct sigaction action = {.sa_handler = tell, .sa_flags = SA_RESTART};
    sigfillset(&action.sa_mask);
    for (int i = 0; i < TOLD; i++) sigaction(told[i], &action, &told_before[i]);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, &pipe_before);

    struct sigaction last = {.sa_sigaction = crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigfillset(&last.sa_mask);
    for (int i = 0; i < CRASHES; i++) sigaction(crashes[i], &last, &crashes_before[i]);
    return 0;
}

void tc_signals_stop(void) {
    for (int i = 0; i < TOLD; i++) sigaction(told[i], &told_before[i], NULL);
    for (int i = 0; i < CRASHES; i++) sigaction(crashes[i], &crashes_before[i], NULL);
    sigaction(SIGPIPE, &pipe_before, NULL);
    close(tc.pipe[0]);
    close(tc.pipe[1]);
    tc.pipe[0] = tc.pipe[1] = -1;
}

void tc_hold_stderr(void) {
    tc.held_stderr = tc.saved_stderr = -1;
    if (!isatty(STDERR_FILENO)) return;
    int memory = memfd_create("stderr", MFD_CLOEXEC);
    int copy = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    if (memory < 0 || copy < 0 || dup2(memory, STDERR_FILENO) < 0) {
        if (memory >= 0) close(memory);
        if (copy >= 0) close(copy);
        return;
    }
    tc.held_stderr = memory;
    tc.saved_stderr = copy;
}

void tc_release_stderr(void) {
    if (tc.held_stderr < 0) return;
    dup2(tc.saved_stderr, STDERR_FILENO);
    replay();
    close(tc.held_stderr);
    close(tc.saved_stderr);
    tc.held_stderr = tc.saved_stderr = -1;
}

void tc_stop_group(void) {
    struct sigaction now, plain = {.sa_handler = SIG_DFL};
    sigaction(SIGTSTP, &plain, &now);
    // The whole group, as the terminal's own Ctrl-Z: a script or make around us has to stop too.
    kill(0, SIGTSTP);
    sigaction(SIGTSTP, &now, NULL);
}
