#define _GNU_SOURCE
#define NCURSES_WIDECHAR 1
#define NCURSES_NOMACROS 1
#include "ccurses.h"

#include <stdio.h>
#include <wchar.h>
#include <curses.h>
#include <term.h>

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "state.h"

struct tc_state tc = {.fd = -1, .cursor = -1, .pipe = {-1, -1}, .held_stderr = -1, .saved_stderr = -1};

static const char modes_on[] = "\033[?2004h";
static const char mouse_on[] = "\033[?1002h\033[?1006h";
static const char mouse_off[] = "\033[?1006l\033[?1002l";

int tc_write(const void *bytes, size_t count) { return tc_write_all(tc.fd, bytes, count); }

static int collect(int c) {
    if (tc.off_count < sizeof tc.off) tc.off[tc.off_count++] = (char)c;
    return c;
}

static void collect_text(const char *text) {
    while (*text) collect((unsigned char)*text++);
}

static const char *capability(const char *name) {
    char *text = tigetstr((char *)name);
    return text == (char *)-1 ? NULL : text;
}

/// What a crash handler writes: computed beforehand, for terminfo may not be asked in a signal handler.
static void collect_off_string(void) {
    static const char *const names[] = {"sgr0", "op", "cnorm", "rmcup"};
    tc.off_count = 0;
    collect_text("\033[?2026l\033[?2004l");
    collect_text(mouse_off);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *text = capability(names[i]);
        if (text) tputs(text, 1, collect);
    }
    collect_text(capability("rmcup") ? "\r" : "\r\n");
}

static int nonempty(const char *name) {
    const char *value = getenv(name);
    return value && *value;
}

/// A locale that says nothing, or names UTF-8 and is not installed, still gets UTF-8; one that says C gets ASCII.
static void set_locale(void) {
    const char *name = nonempty("LC_ALL") ? getenv("LC_ALL") : nonempty("LC_CTYPE") ? getenv("LC_CTYPE") : getenv("LANG");
    if (!name || !*name || (!setlocale(LC_CTYPE, "") && (strcasestr(name, "utf-8") || strcasestr(name, "utf8")))) {
        setlocale(LC_CTYPE, "C.UTF-8");
    }
    tc.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    // Callers then send ASCII only, and ncurses under UTF-8 leaves out the sequence that repeats a character (REP),
    // which many terminals lack although their entry promises it.
    if (!tc.utf8) setlocale(LC_CTYPE, "C.UTF-8");
}

/// Whether terminfo has the entry; then also whether it can place a cursor.
static int usable(const char *term, int *dumb) {
    int status = 0;
    if (!term || !*term || setupterm((char *)term, tc.fd, &status) != OK) return 0;
    *dumb = capability("cup") == NULL;
    del_curterm(cur_term);
    return 1;
}

static int choose_term(const char *wanted) {
    const char *candidates[5] = {wanted, NULL, NULL, NULL, NULL};
    int count = 1;
    if (wanted && (strstr(wanted, "256color") || strstr(wanted, "kitty") || strstr(wanted, "alacritty")
                   || strstr(wanted, "direct") || strstr(wanted, "ghostty") || strstr(wanted, "foot") || strstr(wanted, "wezterm"))) {
        candidates[count++] = "xterm-256color";
    }
    if (wanted && strncmp(wanted, "xterm", 5) == 0) candidates[count++] = "xterm";
    candidates[count++] = "ansi";
    candidates[count++] = "vt100";
    for (int i = 0; i < count; i++) {
        int dumb = 0;
        if (!usable(candidates[i], &dumb)) continue;
        if (dumb) return TC_DUMB;
        snprintf(tc.term, sizeof tc.term, "%s", candidates[i]);
        return TC_OK;
    }
    return TC_NO_ENTRY;
}

static void close_tty(void) {
    if (tc.out) fclose(tc.out);
    if (tc.fd >= 0) close(tc.fd);
    tc.out = NULL;
    tc.fd = -1;
}

int tc_start(const char *term, int flags) {
    if (tc.started) return TC_OK;
    tc.flags = flags;
    tc.fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (tc.fd < 0) return TC_NO_TTY;
    if (tcgetattr(tc.fd, &tc.before) != 0) {
        close_tty();
        return TC_NO_TTY;
    }
    set_locale();
    int error = choose_term(term ? term : getenv("TERM"));
    if (error) {
        close_tty();
        return error;
    }
    int copy = fcntl(tc.fd, F_DUPFD_CLOEXEC, 3);
    tc.out = copy < 0 ? NULL : fdopen(copy, "r+");
    if (!tc.out || tc_signals_start() != 0) {
        close_tty();
        return TC_SYSTEM;
    }
    use_env(FALSE);
    use_tioctl(TRUE);
    for (int rgb = (flags & TC_RGB) != 0; rgb >= 0 && !tc.screen; rgb--) {
        char *old = tc_derive_entry(tc.term, fileno(tc.out), rgb);
        tc.screen = newterm(tc.term, tc.out, tc.out);
        tc_restore_entry(old);
    }
    if (!tc.screen) {
        tc_signals_stop();
        close_tty();
        return TC_NO_ENTRY;
    }
    collect_off_string();
    tc.started = 1;
    tc.cursor = -1;
    raw();
    noecho();
    nonl();
    typeahead(-1);
    if (has_colors()) {
        start_color();
        tc.own_colors = use_default_colors() != OK;
        tc.colors = COLORS;
    }
    tc_hold_stderr();
    static int registered;
    if (!registered) registered = atexit(tc_stop) == 0;
    def_prog_mode();
    tc_write(modes_on, sizeof modes_on - 1);
    tc_mouse(flags & TC_MOUSE);
    // Some terminals lose a size that they are told of during the start.
    int width, height;
    tc_size(&width, &height);
    resizeterm(height, width);
    return TC_OK;
}

void tc_mouse(int on) {
    tc.flags = on ? tc.flags | TC_MOUSE : tc.flags & ~TC_MOUSE;
    if (on) tc_write(mouse_on, sizeof mouse_on - 1);
    else tc_write(mouse_off, sizeof mouse_off - 1);
}

static void leave(void) {
    tc_write(mouse_off, sizeof mouse_off - 1);
    tc_write("\033[?2004l", 8);
    curs_set(1);
    tc.cursor = 1;
    endwin();
}

void tc_stop(void) {
    if (!tc.started) return;
    tc.started = 0;
    leave();
    tcsetattr(tc.fd, TCSADRAIN, &tc.before);
    tc_signals_stop();
    delscreen(tc.screen);
    tc.screen = NULL;
    tc.colors = 0;
    close_tty();
    tc_release_stderr();
}

int tc_fd(void) { return tc.fd; }
int tc_signal_fd(void) { return tc.pipe[0]; }
int tc_colors(void) { return tc.colors; }
int tc_utf8(void) { return tc.utf8; }
const char *tc_term(void) { return tc.term; }

void tc_size(int *width, int *height) {
    struct winsize size = {0};
    int known = tc.fd >= 0 && ioctl(tc.fd, TIOCGWINSZ, &size) == 0;
    *width = known && size.ws_col ? size.ws_col : 80;
    *height = known && size.ws_row ? size.ws_row : 24;
    if (*width > 2000) *width = 2000;
    if (*height > 1000) *height = 1000;
}

static attr_t attributes_of(int flags) {
    attr_t out = A_NORMAL;
    if (flags & TC_BOLD) out |= A_BOLD;
    if (flags & TC_UNDERLINE) out |= A_UNDERLINE;
    if (flags & TC_REVERSE) out |= A_REVERSE;
    if (flags & TC_DIM) out |= A_DIM;
    return out;
}

static int pair_of(int fg, int bg) {
    if (tc.colors == 0 || (fg < 0 && bg < 0)) return 0;
    if (fg >= tc.colors) fg = -1;
    if (bg >= tc.colors) bg = -1;
    if (tc.own_colors) {
        // The terminal cannot go back to its own colours: white on black stand in for them.
        if (fg < 0) fg = COLOR_WHITE;
        if (bg < 0) bg = COLOR_BLACK;
    }
    int pair = alloc_pair(fg, bg);
    return pair < 0 ? 0 : pair;
}

static void add(int x, int y, const wchar_t *text, attr_t attributes, int pair) {
    cchar_t cell;
    if (setcchar(&cell, text, attributes, 0, &pair) != OK) {
        const wchar_t base[2] = {text[0], 0};
        if (setcchar(&cell, base, attributes, 0, &pair) != OK) return;
    }
    mvwadd_wch(stdscr, y, x, &cell);
}

void tc_put(int x, int y, const uint32_t *scalars, int count, int width, int fg, int bg, int flags) {
    if (!tc.started || count < 1 || x < 0 || y < 0 || x >= COLS || y >= LINES) return;
    attr_t attributes = attributes_of(flags);
    int pair = pair_of(fg, bg);
    wchar_t text[4] = {0};
    int length = 0;
    for (int i = 0; i < count && i < 3; i++) {
        if (i == 0 || wcwidth((wchar_t)scalars[i]) == 0) text[length++] = (wchar_t)scalars[i];
    }
    int known = scalars[0] < 0x20 || scalars[0] == 0x7F ? -1 : wcwidth(text[0]);
    if (known != width && known != 1) {
        // The C library holds another width than we do: a mark keeps the known right.
        text[0] = tc.utf8 ? 0xFFFD : '?';
        text[1] = 0;
        known = 1;
    }
    add(x, y, text, attributes, pair);
    if (known < width && x + 1 < COLS) add(x + 1, y, L" ", attributes, pair);
}

void tc_flush(int x, int y) {
    if (!tc.started) return;
    tc_write("\033[?2026h", 8);
    int visible = x >= 0 && y >= 0 && x < COLS && y < LINES;
    if (visible) wmove(stdscr, y, x);
    wnoutrefresh(stdscr);
    doupdate();
    if (visible != tc.cursor) {
        curs_set(visible);
        tc.cursor = visible;
    }
    tc_write("\033[?2026l", 8);
}

void tc_resize(int width, int height) {
    if (!tc.started) return;
    resizeterm(height < 1 ? 1 : height, width < 1 ? 1 : width);
    werase(stdscr);
}

void tc_clear(void) {
    if (tc.started) clearok(curscr, TRUE);
}

static void enter_again(void) {
    reset_prog_mode();
    // ncurses enters the alternate screen itself after endwin, and not after a stop it knew nothing of.
    tc_write(modes_on, sizeof modes_on - 1);
    tc_mouse(tc.flags & TC_MOUSE);
    tc.cursor = -1;
    clearok(curscr, TRUE);
    tc.continued_seen = tc.continued;
}

void tc_suspend(void) {
    if (!tc.started) return;
    leave();
    tcsetattr(tc.fd, TCSADRAIN, &tc.before);
    tc_stop_group();
    enter_again();
}

int tc_continue(void) {
    if (!tc.started || tc.continued == tc.continued_seen) return 0;
    enter_again();
    return 1;
}
