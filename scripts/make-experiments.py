#!/usr/bin/env python3
"""Writes the generated data of prompts/experiments: arithmetic, cycled letters, anagrams, reversed words, analogies.

In: nothing but the lists and seeds below. Out: NAME-pool.jsonl and NAME-test.jsonl for each, in prompts/experiments/data or in
the folder that is given: always the same bytes. The other data there is written by hand. Python's standard library only.
Source: the letter tasks are those of the GPT-3 paper, section 3.9.2, with words, numbers and pairs of our own.
"""
import json
import pathlib
import random
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
POOL, TEST = 44, 60

WORDS = """
animal answer autumn balance basket battle beauty believe blanket blossom bottle branch breakfast bridge brother building
butter button camera candle captain carpet castle century chicken choice circle coffee column corner cotton country cousin
curtain daughter doctor dragon eastern engine evening family farmer father feather finger flower forest freedom friend
garden ginger gravity guitar hammer harbour history holiday hunter island jacket journey jungle kitchen ladder language
leather lemon letter library machine market meadow medicine mirror monkey morning mountain music needle number ocean office
orange painter palace parent pencil people picture planet pocket potato prince problem rabbit record river science season
secret shadow shelter shoulder silver simple singer sister spirit station stomach student summer teacher thunder ticket
travel village walking weather window winter wonder yellow
""".split()

# The pairs of a line stand in the same relation, always in the same direction.
RELATIONS = """
bird:nest bee:hive dog:kennel horse:stable spider:web rabbit:burrow bear:den pig:sty
puppy:dog kitten:cat calf:cow lamb:sheep chick:hen foal:horse cub:bear duckling:duck
author:book composer:symphony baker:bread sculptor:statue poet:poem cook:meal tailor:suit potter:vase
warm:hot cool:cold damp:soaked big:huge tired:exhausted good:excellent hungry:starving bad:terrible
kind:cruel brave:cowardly lazy:diligent humble:proud generous:greedy honest:deceitful calm:nervous polite:rude
finger:hand toe:foot branch:tree petal:flower page:book wheel:car key:piano roof:house
pen:write knife:cut broom:sweep needle:sew oven:bake shovel:dig brush:paint scales:weigh
farmer:field teacher:classroom judge:court nurse:hospital pilot:cockpit waiter:restaurant miner:mine chemist:laboratory
wolf:pack fish:school sheep:flock soldier:army sailor:crew player:team singer:choir lion:pride
thirst:drink hunger:eat fatigue:sleep curiosity:ask cold:shiver joy:laugh grief:weep fear:flee
grape:wine milk:cheese flour:bread clay:brick wool:scarf wood:paper leather:shoe sand:glass
dog:bark cat:meow lion:roar duck:quack cow:moo snake:hiss wolf:howl horse:neigh
thermometer:temperature clock:time ruler:length compass:direction scale:weight barometer:pressure speedometer:speed odometer:distance
lock:key bottle:cork jar:lid pen:cap door:bolt pot:cover envelope:flap box:padlock
""".strip().splitlines()


class Draw:
    """Random choices that are the same in every Python: only random() itself is promised to be."""

    def __init__(self, seed):
        self.random = random.Random(seed).random

    def below(self, bound):
        return int(self.random() * bound)

    def shuffled(self, values):
        values = list(values)
        for end in range(len(values) - 1, 0, -1):
            other = self.below(end + 1)
            values[end], values[other] = values[other], values[end]
        return values


def arithmetic(draw, digits, sign):
    """Numbers that do not begin with 0; of a subtraction's two the larger stands first, so that no answer is negative."""
    low, seen, rows = 10 ** (digits - 1), set(), []
    while len(rows) < POOL + TEST:
        a, b = (low + draw.below(9 * low) for _ in range(2))
        if sign == "-" and a < b:
            a, b = b, a
        if (a, b) not in seen:
            seen.add((a, b))
            rows.append({"a": a, "b": b, "result": a + b if sign == "+" else a - b})
    return rows


def cycled(draw, word):
    cut = 1 + draw.below(len(word) - 1)
    return word[cut:] + word[:cut]


def anagram(draw, word, kept):
    """All letters but the first and last `kept` in another order."""
    inner = word[kept:-kept]
    return word[:kept] + "".join(draw.shuffled(inner)) + word[-kept:]


def letters(draw, scramble, words):
    """The scrambled word and the word, which differ."""
    rows = []
    for word in draw.shuffled(words)[: POOL + TEST]:
        scrambled = word
        while scrambled == word:
            scrambled = scramble(word)
        rows.append({"letters": scrambled, "word": word})
    return rows


def analogies(draw):
    """A pair, and as options one of its relation, that one turned round, and three of other relations; no pair is in both files."""
    relations = [draw.shuffled(pair.split(":") for pair in line.split()) for line in RELATIONS]
    rows = []
    for half, count in ((slice(0, 4), POOL), (slice(4, 8), TEST)):
        pairs = [relation[half] for relation in relations]
        stems = [(number, stem) for number, mine in enumerate(pairs) for stem in mine]
        for number, stem in draw.shuffled(stems)[:count]:
            right = draw.shuffled(pair for pair in pairs[number] if pair != stem)[0]
            others = draw.shuffled(other for other in range(len(relations)) if other != number)[:3]
            wrong = [pairs[other][draw.below(len(pairs[other]))] for other in others]
            options = [is_to(pair) for pair in (right, right[::-1], *wrong)]
            rows.append({"stem": is_to(stem), "options": draw.shuffled(options), "answer": options[0]})
    return rows


def is_to(pair):
    return f"{pair[0]} is to {pair[1]}"


def tasks():
    for name, digits, sign in (("addition-2", 2, "+"), ("addition-3", 3, "+"), ("subtraction-2", 2, "-"), ("subtraction-3", 3, "-")):
        yield name, arithmetic(Draw(name), digits, sign)
    draw = Draw("cycled-letters")
    yield "cycled-letters", letters(draw, lambda word: cycled(draw, word), WORDS)
    for kept in (1, 2):
        draw = Draw(f"anagrams-{kept}")
        words = [word for word in WORDS if len(set(word[kept:-kept])) > 1]
        yield f"anagrams-{kept}", letters(draw, lambda word: anagram(draw, word, kept), words)
    draw = Draw("reversed-words")
    yield "reversed-words", letters(draw, lambda word: word[::-1], WORDS)
    yield "analogies", analogies(Draw("analogies"))


folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "prompts/experiments/data"
for name, rows in tasks():
    for part, some in (("pool", rows[:POOL]), ("test", rows[POOL:])):
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in some]
        (folder / f"{name}-{part}.jsonl").write_text("".join(lines), encoding="utf-8")
