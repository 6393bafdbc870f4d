#!/usr/bin/env python3
"""Writes Tests/TokenizerTests/Fixtures/pieces.json: how the published patterns cut random texts, by PyPI's regex.

Run: pip install regex; scripts/pretokenizer-fixtures.py
Only code points that this Python's unicodedata knows are drawn, because regex follows a later Unicode. The seed is fixed, so
that the file changes only when this script does.
"""
import json
import pathlib
import random
import unicodedata

import regex

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")


def cut(pattern, text):
    pieces = regex.findall(pattern, text)
    assert "".join(pieces) == text, (pattern, text)
    return pieces


def smollm(text):
    # Each number is cut out first, then the text between goes through GPT-2's pattern.
    pieces = []
    for part in regex.split(r"(\p{N})", text):
        pieces += [part] if regex.fullmatch(r"\p{N}", part) else cut(GPT2, part)
    return pieces


CUTTERS = {
    "smollm": smollm,
    "gpt-2": lambda text: cut(GPT2, text),
    "llama-bpe": lambda text: cut(LLAMA3, text),
    "qwen2": lambda text: cut(QWEN2, text),
}

ATOMS = [
    *"abZzéßЖ中あ가م१٣0123456789½Ⅷ²", *" \t\n\r\v\f", *"!?.,'\"#_-+()[]{}<>|~`", *"\u00a0\u0085\u2028\u3000\u200b\u202e\ufeff",
    "  ", "   ", "\n\n", "\r\n", " \n", "\n ", " \n ", "'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'RE", "'Ll", "'ſ", "'x", "''",
    "12345", "word", "Word", "👍", "🏳️\u200d🌈", "e\u0301", "\u0000", "\u001c", "\u007f", "\U0010fffd", "\ue000",
]


def any_point(draw):
    while True:
        point = draw.choice((draw.randrange(0x80), draw.randrange(0x3000), draw.randrange(0x20000), draw.randrange(0x110000)))
        if not 0xD800 <= point < 0xE000 and unicodedata.category(chr(point)) != "Cn":
            return chr(point)


draw = random.Random(7)
texts = ["", " ", "  ", "\n", " a", "  a", "a ", "a  ", "\n a", " \na", "  \n  a", "1 ", " 1", "  1", "1  a", "\t\ta", "'", "'s", " 's", "a's"]
texts += ["".join(draw.choice(ATOMS) for _ in range(draw.randrange(1, 24))) for _ in range(400)]
texts += ["".join(draw.choice((any_point(draw), draw.choice(ATOMS))) for _ in range(draw.randrange(1, 24))) for _ in range(200)]
rows = []
for text in texts:
    row = {"text": text}
    for name, cutter in CUTTERS.items():
        row[name] = [len(piece.encode()) for piece in cutter(text)]
    rows.append(json.dumps(row, separators=(",", ":")))
target = pathlib.Path(__file__).resolve().parent.parent / "Tests/TokenizerTests/Fixtures/pieces.json"
target.write_text("[\n" + ",\n".join(rows) + "\n]\n")
print(f"{target.name}: {len(rows)} texts, {target.stat().st_size} bytes")
