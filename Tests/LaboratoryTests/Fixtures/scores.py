"""Writes scores.json: the logprobs that score_reference.py gives to answers, the witness of ScoreReferenceTests.

Run: python3 scores.py TERRARIUM MODEL.gguf
TERRARIUM is the program, which only cuts the texts into tokens. It takes a minute or two of two cores.
(numpy 2.4.6, gguf 0.19.0, Python 3.11 were used.)
"""
import hashlib
import json
import pathlib
import random
import subprocess
import sys

import numpy as np

from score_reference import Llama

here = pathlib.Path(__file__).parent
data = here.parents[2] / "prompts/experiments/data"
rng = random.Random(20260501)


def lines(name):
    return [json.loads(line) for line in (data / name).read_text().splitlines() if line.strip()]


def sentiment():
    """The prompts of prompts/experiments/sentiment.yaml."""
    pool, test = lines("sentiment-pool.jsonl"), lines("sentiment-test.jsonl")
    for shots, count in ((0, 16), (4, 16), (14, 4)):
        for item in rng.sample(test, count):
            drawn = rng.sample(pool, shots)
            text = "".join(f"Review: {shot['text']}\nSentiment: {shot['label']}\n\n" for shot in drawn)
            yield f"Decide whether the review is positive or negative.\n\n{text}Review: {item['text']}\nSentiment:", [" positive", " negative"]


def arithmetic():
    for number in range(14):
        digits = 2 + number % 2
        pairs = [(rng.randrange(10 ** (digits - 1), 10**digits), rng.randrange(10 ** (digits - 1), 10**digits)) for _ in range(number % 5 + 1)]
        plus = lambda a, b: (f"Q: What is {a} plus {b}?\nA:", a + b) if number % 3 else (f"{a} + {b} =", a + b)
        asked = [plus(a, b) for a, b in pairs]
        prompt = "Add the two numbers.\n\n" + "".join(f"{text} {total}\n\n" for text, total in asked[:-1]) + asked[-1][0]
        total = asked[-1][1]
        yield prompt, [f" {total}", f" {total + 10}", f" {total - 1}", f" {total}0"]


ANTONYMS = ["hot cold", "tall short", "early late", "rich poor", "heavy light", "wide narrow", "deep shallow", "loud quiet",
            "sharp blunt", "brave cowardly", "ancient modern", "generous stingy", "rough smooth", "empty full", "victory defeat",
            "arrive depart", "expand contract", "permanent temporary", "visible invisible", "honest dishonest"]


def antonyms():
    pairs = [words.split() for words in ANTONYMS]
    for number in range(14):
        drawn = rng.sample(pairs, 2 + number % 8)
        *shots, (word, opposite) = drawn
        others = [b for _, b in rng.sample([pair for pair in pairs if pair not in drawn], 2)]
        start = "Write the word that means the opposite.\n" if number % 2 else "Opposites of words, one a line:\n"
        yield start + "".join(f"{a} -> {b}\n" for a, b in shots) + f"{word} ->", [f" {answer}" for answer in (opposite, *others, word)]


def several_tokens():
    """Answers of many tokens, of few bytes a token, and such whose first token begins in the prompt."""
    yield "Question: Where do penguins live?\nAnswer:", [" In the cold south, on ice and rocky shores.", " In the hot sand of the desert.", " Under the roof."]
    yield "Question: Why is the sky blue?\nAnswer:", [" Because air scatters blue light more than red light.", " Because it is painted every morning."]
    yield "The boy dropped the glass on the stone floor.", [" It broke into many pieces.", " It flew away and sang.", " Then he ate the moon for breakfast."]
    yield "She locked the door, put out the lamp and", [" went to bed.", " opened the lamp with a fish.", " fell asleep at once, for it had been a long day."]
    yield "English: The cat sleeps on the chair.\nFrench:", [" Le chat dort sur la chaise.", " La chaise dort sur le chat.", " Die Katze schläft auf dem Stuhl."]
    yield "English: Good morning, my friend.\nGerman:", [" Guten Morgen, mein Freund.", " Bonjour, mon ami.", " 早上好，我的朋友。"]
    yield "Translate the greeting into other tongues. Japanese:", [" こんにちは", " お早う", " здравствуйте", " γειά σου"]
    yield "def add(a, b):\n    \"\"\"Return the sum of a and b.\"\"\"\n", ["    return a + b\n", "    return a - b\n", "    print(a)\n    return None\n"]
    yield "for index in range(10):\n    if index % 2 == 0:\n        print(", ["index)\n", "\"even\")", "10 ** index)"]
    yield "The chemical symbols of gold, silver and iron are", [" Au, Ag and Fe.", " Go, Si and Ir.", " G, S and I."]
    yield "Complete the word, letter by letter: e l e p h a", [" n t", " x x", " l o p e"]
    yield "Reverse the letters of the word.\nstone -> enots\nplant ->", [" tnalp", " plant", " tnalq", " p l a n t"]
    yield "Change nothing, only repeat: 🦊 fox, 🐢 turtle, 🦊", [" fox", " turtle", " 🐢", " 🦊🦊"]
    yield "The capital of Australia, as every pupil in Perth knows, is ", ["Canberra", "Sydney", "Melbourne", "Wagga Wagga"]
    yield "A merged border: the answer continues the word unbeliev", ["able", "ably so", "ing"]
    yield "Numbers go on: one, two, three, four, fi", ["ve, six", "sh", "ve"]
    yield "First line of the list\nSecond line of the list\n", ["Third line of the list\n", "\n\nThe end", "  - an item"]
    yield "Dear Mrs Carter,\n\nthank you for your letter of the third of May.", ["\n\nYours sincerely,\n", " I was glad to read it.", " Purple."]
    yield "Is a whale a fish? Answer with yes or no, and say why.\nAnswer:", [" No, it is a mammal.", " Yes, it swims.", " no", " NO"]
    yield "He said: \"I will not go there again,\" and then he", ["'d left.", " left.", "\u00a0left.", " LEFT!!!"]


def story():
    """Long prompts without a pattern."""
    text = ("The old ferry crossed the river twice a day, in the morning with the workers and at dusk with whoever was left. Marta had "
            "steered it for thirty years and knew each sandbank by the colour of the water above it. That autumn the rain would not end, "
            "and the river rose until the jetty stood in it up to its knees. On the last day of October a stranger came down the path, "
            "with a suitcase tied up with string, and asked to be taken across although the bell for the evening crossing had long been "
            "rung. She looked at the sky, then at the suitcase, and nodded. Half way over the engine began to cough. The stranger put his "
            "suitcase on the bench, took off his coat, and without a word knelt beside the engine as if he had done so every day of his "
            "life. Something clicked; the engine ran. When she asked him where he had learned that, he only laughed and said that his "
            "father had built it.")
    sentences = text.split(". ")
    for end in (2, 3, 5, len(sentences)):
        prompt = ". ".join(sentences[:end]).rstrip(".") + "."
        yield prompt, [" Then the river fell silent.", " Marta did not know what to say to that.", " The bank lowered its rates by two per cent."]
        yield prompt + "\n\nQuestion: Who steers the ferry?\nAnswer:", [" Marta", " The stranger", " Nobody"]


def tokens(program, model, text):
    run = subprocess.run([program, "tokenize", "--json", "--model", model], input=text.encode(), stdout=subprocess.PIPE, check=True)
    return json.loads(run.stdout)


def main(program, path):
    model = Llama(path)
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    prompts = []
    for make in (sentiment, arithmetic, antonyms, several_tokens, story):
        for prompt, answers in make():
            assert 2 <= len(answers) <= 4 and len(set(answers)) == len(answers)
            scored = []
            for answer in answers:
                ids = tokens(program, path, prompt + answer)
                ends = np.cumsum([len(model.pieces[i]) for i in ids])
                assert b"".join(model.pieces[i] for i in ids) == (prompt + answer).encode()
                first = int(np.argmax(ends > len(prompt.encode())))  # the first that holds a byte of the answer
                assert 8 <= first <= 400, (first, prompt)
                logprobs = [float(f"{value:.7g}") for value in model.logprobs(ids, first)]
                scored.append({"text": answer, "ids": ids, "first": first, "logprobs": logprobs})
            prompts.append({"kind": make.__name__, "text": prompt, "answers": scored})
            print(len(prompts), len(scored[0]["ids"]), prompt[-40:].encode(), flush=True)
    rows = ",\n".join(json.dumps(prompt, separators=(",", ":"), ensure_ascii=False) for prompt in prompts)
    (here / "scores.json").write_text(f'{{"model":"{digest}","prompts":[\n{rows}\n]}}\n')
    print(len(prompts), "prompts,", sum(len(prompt["answers"]) for prompt in prompts), "answers")


if __name__ == "__main__":
    main(*sys.argv[1:])
