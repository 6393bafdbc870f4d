/// The terminal: ncurses writes, we read.
///
/// In: cells with colour numbers and attributes. Out: bytes on the terminal, its size, signals as bytes of a pipe.
/// Keys are not read through ncurses: a caller reads bytes from `tc_fd` and decodes them itself, so that pastes,
/// modified keys and mouse reports come as the terminal sent them. One screen a process, one thread, except where said.
/// Every way out gives the terminal back: `tc_stop`, `exit`, and the signals of a crash.
/// Must not know: frames, themes, keys.
#ifndef CCURSES_H
#define CCURSES_H

#include <stddef.h>
#include <stdint.h>

/// TC_RGB: colour numbers from 8 on are 0xrrggbb, where the terminal's entry has 256 colours to begin with.
enum { TC_MOUSE = 1, TC_RGB = 2 };

enum { TC_BOLD = 1, TC_UNDERLINE = 2, TC_REVERSE = 4, TC_DIM = 8 };

enum {
    TC_OK = 0,
    /// There is no /dev/tty.
    TC_NO_TTY = 1,
    /// Neither TERM nor a plain entry is in the terminfo database.
    TC_NO_ENTRY = 2,
    /// The terminal cannot place its cursor.
    TC_DUMB = 3,
    TC_SYSTEM = 4,
};

/// Takes the terminal over; `term` NULL means $TERM. Returns one of the errors above.
int tc_start(const char *term, int flags);
/// Gives it back, then writes what standard error held; harmless when not started.
void tc_stop(void);

/// The terminal, to poll and read.
int tc_fd(void);
/// A pipe with one byte a signal: its number.
int tc_signal_fd(void);

/// The size in cells as the kernel knows it now; 80 x 24 where it does not.
void tc_size(int *width, int *height);
/// Colours of the terminal; 0 has none, more than 256 means that numbers from 8 on are 0xrrggbb.
int tc_colors(void);
/// Whether the locale's characters are UTF-8.
int tc_utf8(void);
/// The terminfo entry in use.
const char *tc_term(void);

/// Places one character of `width` columns: a base and at most two marks. Never writes a control character.
void tc_put(int x, int y, const uint32_t *scalars, int count, int width, int fg, int bg, int attributes);
/// Writes what changed as one piece; a negative x hides the cursor.
void tc_flush(int x, int y);
/// Takes a new size over; everything must be put again.
void tc_resize(int width, int height);
/// The next `tc_flush` draws everything anew.
void tc_clear(void);
/// Writes bytes past ncurses; returns 0 or -1.
int tc_write(const void *bytes, size_t count);
void tc_mouse(int on);

/// Gives the terminal back, stops the process group as Ctrl-Z does, and takes it again when continued.
void tc_suspend(void);
/// After SIGCONT: takes the terminal again. Returns 0 where `tc_suspend` did so already.
int tc_continue(void);

/// Gives the calling thread a stack for crash handlers; `tc_start` does so for its own. Any thread may call it.
int tc_guard_thread(void);

/// The number of a signal that Swift code compares with.
int tc_sigwinch(void);
int tc_sigcont(void);
int tc_sigtstp(void);
int tc_sighup(void);

#endif
