#!/usr/bin/env python3
"""A captured terminal screen as an SVG picture.

In: on standard input, lines with SGR sequences, as `tmux capture-pane -e -p` prints them. Out: SVG on standard output.
Every cell is 8 x 17; backgrounds, block elements and box lines are drawn as shapes on whole pixels, so that they tile;
other text is text in the reader's own monospace font, stretched to its cells. Python's standard library only.
"""
import argparse
import re
import sys
import unicodedata
from collections import defaultdict
from xml.sax.saxutils import escape

W, H, BASELINE, MARGIN = 8, 17, 13, 8
PAPER, INK = "#16181d", "#d5d8de"
NAMED = ["#16181d", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#abb2bf",
         "#5c6370", "#f0868f", "#b5e090", "#f3d59b", "#84c4ff", "#dd9bf0", "#7cd3de", "#ffffff"]
SEQUENCE = re.compile(r"\x1b\[([0-9;:]*)m|\x1b[()][A-Z0-9]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x0e\x0f]")
# Box lines by the sides they reach: up, right, down, left.
BOX = {"─": "rl", "│": "ud", "┌": "rd", "┐": "dl", "└": "ur", "┘": "ul", "├": "urd", "┤": "udl", "┬": "rdl",
       "┴": "url", "┼": "urdl", "╭": "rd", "╮": "dl", "╰": "ur", "╯": "ul", "╴": "l", "╵": "u", "╶": "r", "╷": "d"}
# Quadrants: upper left, upper right, lower left, lower right.
QUADRANTS = {"▖": "0010", "▗": "0001", "▘": "1000", "▙": "1011", "▚": "1001", "▛": "1110", "▜": "1101", "▝": "0100",
             "▞": "0110", "▟": "0111"}
SHADES = {"░": 0.25, "▒": 0.5, "▓": 0.75}


def colour(number):
    """A colour of the 256 as xterm has them."""
    if number < 16:
        return NAMED[number]
    if number >= 232:
        level = 8 + 10 * (number - 232)
        return "#%02x%02x%02x" % (level, level, level)
    number -= 16
    steps = (0, 95, 135, 175, 215, 255)
    return "#%02x%02x%02x" % (steps[number // 36], steps[number // 6 % 6], steps[number % 6])


def blend(front, back, share):
    """The colour between two, `share` of the first."""
    pairs = [(int(front[i:i + 2], 16), int(back[i:i + 2], 16)) for i in (1, 3, 5)]
    return "#%02x%02x%02x" % tuple(round(a * share + b * (1 - share)) for a, b in pairs)


class Pen:
    """The graphic state that SGR sequences change."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.fg = self.bg = None
        self.bold = self.dim = self.italic = self.underline = self.reverse = False

    def take(self, parameters):
        codes = [int(code or 0) for code in re.split("[;:]", parameters)] if parameters else [0]
        while codes:
            code = codes.pop(0)
            if code == 0: self.reset()
            elif code == 1: self.bold = True
            elif code == 2: self.dim = True
            elif code == 3: self.italic = True
            elif code == 4: self.underline = True
            elif code == 7: self.reverse = True
            elif code == 22: self.bold = self.dim = False
            elif code == 23: self.italic = False
            elif code == 24: self.underline = False
            elif code == 27: self.reverse = False
            elif 30 <= code <= 37: self.fg = NAMED[code - 30]
            elif 40 <= code <= 47: self.bg = NAMED[code - 40]
            elif 90 <= code <= 97: self.fg = NAMED[code - 82]
            elif 100 <= code <= 107: self.bg = NAMED[code - 92]
            elif code == 39: self.fg = None
            elif code == 49: self.bg = None
            elif code in (38, 48) and codes:
                kind = codes.pop(0)
                if kind == 5 and codes:
                    value = colour(codes.pop(0))
                elif kind == 2 and len(codes) >= 3:
                    value = "#%02x%02x%02x" % (codes.pop(0), codes.pop(0), codes.pop(0))
                else:
                    continue
                if code == 38: self.fg = value
                else: self.bg = value

    def style(self):
        """(ink, paper or None, bold, italic, underline)"""
        fg, bg = self.fg or INK, self.bg
        if self.reverse:
            fg, bg = bg or PAPER, fg
        if self.dim:
            fg = blend(fg, bg or PAPER, 0.6)
        return fg, bg, self.bold, self.italic, self.underline


def cells(line, pen):
    """Yields (column, text, width, style); combining marks stand with their base."""
    column, at, held = 0, 0, None
    while at < len(line):
        match = SEQUENCE.match(line, at)
        if match:
            if match.group(1) is not None:
                if held: yield held
                held = None
                pen.take(match.group(1))
            at = match.end()
            continue
        character = line[at]
        at += 1
        if held and (unicodedata.combining(character) or character in "\u200d\ufe0f"):
            held = (held[0], held[1] + character, held[2], held[3])
            continue
        if held: yield held
        width = 2 if unicodedata.east_asian_width(character) in "WF" else 1
        held = (column, character, width, pen.style())
        column += width
    if held: yield held


class Picture:
    def __init__(self):
        self.shapes = defaultdict(list)  # colour -> rectangles, back to front
        self.marks = defaultdict(list)
        self.texts = defaultdict(list)   # (ink, bold, italic) -> (x, y, cells, text)
        self.width = self.height = 0

    def rect(self, layer, ink, x, y, w, h):
        row = layer[ink]
        if row and row[-1][1] == y and row[-1][3] == h and row[-1][0] + row[-1][2] == x:
            row[-1] = (row[-1][0], y, row[-1][2] + w, h)
        else:
            row.append((x, y, w, h))

    def line(self, text, row, pen):
        y = MARGIN + row * H
        run = None
        for column, character, width, (fg, bg, bold, italic, underline) in cells(text, pen):
            x = MARGIN + column * W
            self.width = max(self.width, column + width)
            if bg and bg != PAPER:
                self.rect(self.shapes, bg, x, y, width * W, H)
            if underline:
                self.rect(self.marks, fg, x, y + H - 2, width * W, 1)
            if character == " " or self.draw(character, x, y, fg, bg or PAPER):
                if character != " ": run = None
                continue
            key = (fg, bold, italic)
            # Words in one style stand in one run while a single space parts them; fonts without a sign must not shift others.
            plain = character.isascii() and width == 1
            if run and plain and run[0] == key and 0 <= column - run[2] <= 1:
                texts = self.texts[key]
                x0, y0, count, words = texts[-1]
                texts[-1] = (x0, y0, count + column - run[2] + 1, words + " " * (column - run[2]) + character)
                run = (key, True, column + 1)
            else:
                self.texts[key].append((x, y + BASELINE, width, character))
                run = (key, True, column + 1) if plain else None
        self.height = max(self.height, row + 1)

    def draw(self, character, x, y, fg, bg):
        """Draws what has to tile; False for ordinary text."""
        def put(left, top, right, bottom, ink=fg):
            self.rect(self.marks, ink, x + left, y + top, right - left, bottom - top)
        code = ord(character[0])
        half = (H + 1) // 2
        if character == "▀": put(0, 0, W, half)
        elif character == "▄": put(0, half, W, H)
        elif 0x2581 <= code <= 0x2588: put(0, H - max(1, round(H * (code - 0x2580) / 8)), W, H)
        elif 0x2589 <= code <= 0x258F: put(0, 0, W * (0x2590 - code) // 8, H)
        elif character == "▐": put(W // 2, 0, W, H)
        elif character == "▔": put(0, 0, W, 2)
        elif character == "▕": put(W - 1, 0, W, H)
        elif character in SHADES: put(0, 0, W, H, blend(fg, bg, SHADES[character]))
        elif character in QUADRANTS:
            for index, bit in enumerate(QUADRANTS[character]):
                left, top = index % 2 * W // 2, index // 2 * half
                if bit == "1": put(left, top, left + W // 2, half if index < 2 else H)
        elif character in BOX:
            middle, sides = H // 2, BOX[character]
            if "l" in sides or "r" in sides:
                put(0 if "l" in sides else W // 2, middle, W if "r" in sides else W // 2 + 1, middle + 1)
            if "u" in sides or "d" in sides:
                put(W // 2, 0 if "u" in sides else middle, W // 2 + 1, H if "d" in sides else middle + 1)
        else:
            return False
        return True

    def svg(self, title, cursor):
        width, height = self.width * W + 2 * MARGIN, self.height * H + 2 * MARGIN
        out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">',
               f"<title>{escape(title)}</title>",
               "<style>text{font:13px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,'Liberation Mono',monospace;white-space:pre}</style>",
               f'<rect width="{width}" height="{height}" rx="6" fill="{PAPER}"/>',
               '<g shape-rendering="crispEdges">']
        for layer in (self.shapes, self.marks):
            for ink, rects in layer.items():
                out.append(f'<path fill="{ink}" d="{"".join(f"M{x} {y}h{w}v{h}h-{w}z" for x, y, w, h in self.merged(rects))}"/>')
        out.append("</g>")
        for (ink, bold, italic), texts in self.texts.items():
            look = ' font-weight="bold"' * bold + ' font-style="italic"' * italic
            out.append(f'<g fill="{ink}"{look}>')
            for x, y, count, text in texts:
                length = f' textLength="{count * W}" lengthAdjust="spacingAndGlyphs"' if text.isascii() else ""
                out.append(f'<text x="{x}" y="{y}"{length}>{escape(text)}</text>')
            out.append("</g>")
        if cursor:
            x, y = MARGIN + cursor[0] * W, MARGIN + cursor[1] * H
            out.append(f'<rect x="{x}" y="{y}" width="{W}" height="{H}" fill="{INK}" fill-opacity="0.5"/>')
        return "\n".join(out + ["</svg>", ""])

    @staticmethod
    def merged(rects):
        """Joins rectangles of the same columns that touch from above to below."""
        open_, done = {}, []
        for x, y, w, h in rects:
            above = open_.get((x, w))
            if above and above[1] + above[3] == y:
                above[3] += h
            else:
                open_[(x, w)] = entry = [x, y, w, h]
                done.append(entry)
        return done


def main():
    parser = argparse.ArgumentParser(description="A captured terminal screen as an SVG picture.")
    parser.add_argument("--title", default="A terminal screen")
    parser.add_argument("--cursor", metavar="COLUMN,ROW", help="where the terminal's cursor stands")
    arguments = parser.parse_args()
    cursor = [int(number) for number in arguments.cursor.split(",")] if arguments.cursor else None
    text = sys.stdin.buffer.read().decode("utf-8", "replace")
    picture, pen = Picture(), Pen()
    for row, line in enumerate(text.rstrip("\n").split("\n")):
        picture.line(line, row, pen)
    sys.stdout.write(picture.svg(arguments.title, cursor))


main()
