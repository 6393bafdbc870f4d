/// What the two halves of this target share: ncurses in ccurses.c, signals in signals.c.
#ifndef CCURSES_STATE_H
#define CCURSES_STATE_H

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <termios.h>

struct tc_state {
    volatile sig_atomic_t started;
    int fd;
    int flags;
    int colors;
    int own_colors;
    int utf8;
    int cursor;
    FILE *out;
    struct screen *screen;
    char term[128];
    struct termios before;
    /// What restores the screen, for a handler to write.
    char off[512];
    size_t off_count;
    int pipe[2];
    volatile sig_atomic_t continued;
    int continued_seen;
    int held_stderr;
    int saved_stderr;
};

extern struct tc_state tc;

int tc_write_all(int fd, const void *bytes, size_t count);
int tc_signals_start(void);
void tc_signals_stop(void);
/// Standard error goes to memory while the screen is ours.
void tc_hold_stderr(void);
char *tc_derive_entry(const char *term, int fd, int rgb);
void tc_restore_entry(char *old);
void tc_release_stderr(void);
void tc_stop_group(void);

#endif
