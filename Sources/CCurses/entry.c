// The terminal's entry as ncurses is to see it: without what moves lines about or resets colours.
//
// Left to itself ncurses scrolls parts of the screen when lines of a new frame stand elsewhere in the old one, whatever
// idlok says. That saves few bytes, tears what stands beside a panel on slow links, and not every terminal does it right.
// Nor is ncurses to reset the colours (`oc`), as it does after every stop: that would undo a palette the person has set.
// The entry is copied without these capabilities and handed to newterm through TERMINFO, as term(5) describes the format.
#define NCURSES_NOMACROS 1
#include <curses.h>
#include <term.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "state.h"

static const char *const unwanted[] = {"csr", "ind", "ri", "indn", "rin", "il1", "il", "dl1", "dl", "oc", NULL};

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
static int compile(const char *term, buffer *out) {
    static buffer offsets, table;
    out->count = offsets.count = table.count = 0;
    int flags = 0, numbers = 0, strings = 0;
    while (boolnames[flags]) flags++;
    while (numnames[numbers]) numbers++;
    while (strnames[strings]) strings++;
    for (int i = 0; i < strings; i++) {
        const char *value = is_unwanted(strnames[i]) ? NULL : tigetstr((char *)strnames[i]);
        if (!value || value == (char *)-1) { put(&offsets, 0xffff, 2); continue; }
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
    for (int i = 0; i < flags; i++) put(out, tigetflag((char *)boolnames[i]) > 0, 1);
    if (out->count & 1) put(out, 0, 1);
    for (int i = 0; i < numbers; i++) put(out, (unsigned)tigetnum((char *)numnames[i]), 4);
    if (out->count + offsets.count + table.count >= ROOM || table.count > 0x7fff) return 0;
    memcpy(out->bytes + out->count, offsets.bytes, offsets.count);
    memcpy(out->bytes + out->count + offsets.count, table.bytes, table.count);
    out->count += offsets.count + table.count;
    return 1;
}

/// Points TERMINFO at the copy of an entry; where that cannot be made, everything stays. Returns what TERMINFO was.
char *tc_derive_entry(const char *term, int fd) {
    const char *now = getenv("TERMINFO");
    char *old = now ? strdup(now) : NULL;
    int problem;
    if (setupterm(term, fd, &problem) != OK) return old;
    static buffer entry;
    if (compile(term, &entry)) {
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
