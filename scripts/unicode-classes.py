#!/usr/bin/env python3
"""Writes Sources/Tokenizer/UnicodeClasses.swift from this Python's unicodedata.

Classes are those the published pre-tokeniser patterns ask for: \\p{L}, \\p{N} and \\s (the White_Space property, which
unicodedata does not carry, so its 25 code points stand here). Run: scripts/unicode-classes.py
"""
import pathlib
import unicodedata

SPACES = {*range(0x09, 0x0E), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000}
OTHER, LETTER, NUMBER, SPACE = range(4)


def kind(point):
    if point in SPACES:
        return SPACE
    return {"L": LETTER, "N": NUMBER}.get(unicodedata.category(chr(point))[0], OTHER)


changes, last = [], None
for point in range(0x110000):
    now = kind(point)
    if now != last:
        changes.append(point << 2 | now)
        last = now

rows = [", ".join(f"0x{change:x}" for change in changes[i : i + 12]) for i in range(0, len(changes), 12)]
lines = ",\n        ".join(rows)
text = f"""/// Classes of code points, made by scripts/unicode-classes.py from Unicode {unicodedata.unidata_version}; not edited by hand.
enum UnicodeClasses {{
    /// Where the class changes: the first code point of a run times 4, plus the class of the run.
    static let changes: [UInt32] = [
        {lines},
    ]
}}
"""
target = pathlib.Path(__file__).resolve().parent.parent / "Sources/Tokenizer/UnicodeClasses.swift"
target.write_text(text)
print(f"{target.name}: {len(changes)} runs")
