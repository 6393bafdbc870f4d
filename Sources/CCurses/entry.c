// The terminal's entry as ncurses is to see it: without what moves lines about or resets colours.
//
// Left to itself ncurses scrolls parts of the screen when lines of a new frame stand elsewhere in the old one, whatever
// idlok says. That saves few bytes, tears what stands beside a panel on slow links, and not every terminal does it right.
// Nor is ncurses to reset the colours (`oc`), as it does after every stop: that would undo a palette the person has set.
// With 24-bit colours asked for, the copy takes colour numbers from 8 on as 0xrrggbb, and says so to ncurses by `RGB`.
// The entry is copied without these capabilities and handed to newterm through TERMINFO, as term(5) describes the format.
#define NCURSES_NOMACROS 1
#include <curses.h>
#include <term.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "state.h"

static const char *const unwanted[] = {"csr", "ind", "ri", "indn", "rin", "il1", "il", "dl1", "dl", "oc", NULL};

// The numbers below 8 stay the person's own palette.
#define DIRECT(own, far) "\033[%?%p1%{8}%<%t" own "%p1%d%e" far ";2;%p1%{65536}%/%d;%p1%{256}%/%{255}%&%d;%p1%{255}%&%d%;m"
enum { DIRECT_COLORS = 0x1000000, DIRECT_PAIRS = 0x10000 };

static const char *string_of(const char *name, int rgb) {
    if (rgb && strcmp(name, "setaf") == 0) return DIRECT("3", "38");
    if (rgb && strcmp(name, "setab") == 0) return DIRECT("4", "48");
    if (rgb && (strcmp(name, "initc") == 0 || strcmp(name, "initp") == 0)) return NULL;
    const char *value = tigetstr((char *)name);
    return value == (char *)-1 ? NULL : value;
}

static int number_of(const char *name, int rgb) {
    int value = tigetnum((char *)name);
    if (rgb && strcmp(name, "colors") == 0) return DIRECT_COLORS;
    if (rgb && strcmp(name, "pairs") == 0 && value < DIRECT_PAIRS) return DIRECT_PAIRS;
    return value;
}

static int is_unwanted(const char *name) {
    for (int i = 0; unwanted[i]; i++)
        if (strcmp(unwanted[i], name) == 0) return 1;
    return 0;
}

enum { ROOM = 16384, MAGIC_32_BIT = 01036 };

typedef struct { unsigned char bytes[ROOM]; size_t count; } buffer;

static void put(buffer *b, unsigned value, int bytes) {
    for (int i = 0; i < bytes && b->count < ROOM; i++) b->bytes[b->count++] = (value >> 8 * i) & 255;
}

// Names, flags, numbers, offsets of strings, strings: the compiled format with 32-bit numbers.
static int compile(const char *term, buffer *out, int rgb) {
    static buffer offsets, table;
    out->count = offsets.count = table.count = 0;
    int flags = 0, numbers = 0, strings = 0;
    while (boolnames[flags]) flags++;
    while (numnames[numbers]) numbers++;
    while (strnames[strings]) strings++;
    for (int i = 0; i < strings; i++) {
        const char *value = is_unwanted(strnames[i]) ? NULL : string_of(strnames[i], rgb);
        if (!value) { put(&offsets, 0xffff, 2); continue; }
        put(&offsets, (unsigned)table.count, 2);
        for (const char *at = value; ; at++) { put(&table, (unsigned char)*at, 1); if (!*at) break; }
    }
    size_t names = strlen(term) + 1;
    put(out, MAGIC_32_BIT, 2);
    put(out, (unsigned)names, 2);
    put(out, (unsigned)flags, 2);
    put(out, (unsigned)numbers, 2);
    put(out, (unsigned)strings, 2);
    put(out, (unsigned)table.count, 2);
    for (size_t i = 0; i < names; i++) put(out, (unsigned char)term[i], 1);
    for (int i = 0; i < flags; i++) put(out, tigetflag((char *)boolnames[i]) > 0 && !(rgb && strcmp(boolnames[i], "ccc") == 0), 1);
    if (out->count & 1) put(out, 0, 1);
    for (int i = 0; i < numbers; i++) put(out, (unsigned)number_of(numnames[i], rgb), 4);
    if (out->count + offsets.count + table.count >= ROOM || table.count > 0x7fff) return 0;
    memcpy(out->bytes + out->count, offsets.bytes, offsets.count);
    memcpy(out->bytes + out->count + offsets.count, table.bytes, table.count);
    out->count += offsets.count + table.count;
    if (!rgb) return 1;
    // One more flag of our own name: how many flags, numbers, strings, texts, and bytes of them; the flag; its name.
    static const unsigned more[] = {1, 0, 0, 1, sizeof "RGB"};
    if (out->count & 1) put(out, 0, 1);
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) put(out, more[i], 2);
    put(out, 1, 2);
    put(out, 0, 2);
    for (size_t i = 0; i < sizeof "RGB"; i++) put(out, (unsigned char)"RGB"[i], 1);
    return out->count < ROOM;
}

/// Points TERMINFO at the copy of an entry; where that cannot be made, everything stays. Returns what TERMINFO was.
char *tc_derive_entry(const char *term, int fd, int rgb) {
    const char *now = getenv("TERMINFO");
    char *old = now ? strdup(now) : NULL;
    int problem;
    if (setupterm(term, fd, &problem) != OK) return old;
    static buffer entry;
    if (compile(term, &entry, rgb && tigetnum("colors") == 256)) {
        static char text[4 + 2 * ROOM + 1];
        strcpy(text, "hex:");
        for (size_t i = 0; i < entry.count; i++) snprintf(text + 4 + 2 * i, 3, "%02X", entry.bytes[i]);
        setenv("TERMINFO", text, 1);
    }
    del_curterm(cur_term);
    return old;
}

void tc_restore_entry(char *old) {
    if (old) setenv("TERMINFO", old, 1);
    else unsetenv("TERMINFO");
    free(old);
}
