#!/usr/bin/env python3
"""Measures Terrarium and llama.cpp in turn and writes docs/benchmarks.md and the table of README's numbers.

In: the folder that bench-peers.sh fills, the built program, the default model. Out: those two, and on standard output every
run. A run during which other programs took more than 4 % of the processors is thrown away and made again, so that only a
quiet machine gets a table. Linux, NumPy.
"""
import argparse
import datetime
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import time

import kl

ROOT = kl.ROOT
MARKS = ("<!-- numbers: make bench-peers writes them -->\n", "<!-- /numbers -->")
# Our median at the least, or at the most, and its unit; a row in another unit has no goal. Seconds are told in ms.
GOALS = {"decode 128": (480, True, "tok/s"), "prefill 512": (2800, True, "tok/s"), "8 streams": (2000, True, "tok/s"),
         "scoring": (1900, False, "ms"), "first token": (100, False, "ms"), "key to cursor": (5, False, "ms"),
         "tints 250": (130, False, "ms"), "recording cost": (3, False, "%")}
# What bench says of a row, and of the machine's limits, beside its value.
RATES = {"gb_s": "GB/s", "gmac_s": "GMAC/s"}
TYPES = ("Q4_1", "Q4_0", "Q8_0", "F16")
DEMANDS = {"decode 128 Q4_1": 2.0, "prefill 512 Q4_1": 5.0, "prefill 512 Q4_0": 1.7}


def busy():
    """Seconds that all processors have worked."""
    with open("/proc/stat") as file:
        times = [int(word) for word in file.readline().split()[1:9]]
    return (sum(times) - times[3] - times[4]) / os.sysconf("SC_CLK_TCK")


def own():
    """Seconds that programs started here have worked."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def output(command, **environment):
    """What a program prints as JSON."""
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ, **environment))
    if run.returncode != 0:
        sys.exit(f"{run.stderr.decode(errors='replace')}\n{' '.join(command)} ended with status {run.returncode}.")
    return json.loads(run.stdout)


class Ours:
    """Runs of `terrarium bench`, and what they said beside the numbers."""
    def __init__(self, program, threads):
        self.program, self.threads = program, threads
        self.about, self.units, self.hashes = {}, {}, {}
        # Older builds know one set of rows only.
        self.chooses = b"--only" in subprocess.run([program, "bench", "--help"], check=True, stdout=subprocess.PIPE).stdout

    def run(self, model, only=None, kernels=None):
        command = [self.program, "bench", "--runs", "1", "--json", "--threads", str(self.threads), "--model", model]
        if only and self.chooses:
            command += ["--only", only]
        answer = output(command, **({"TERRARIUM_KERNELS": kernels} if kernels else {}))
        if kernels:
            if answer["machine"]["kernels"] != kernels:
                sys.exit(f"TERRARIUM_KERNELS={kernels} ran {answer['machine']['kernels']}.")
        elif not only:
            self.about = answer
        found = {f"limit {rate}": answer["machine"][rate] for rate in RATES if answer["machine"].get(rate)}
        for row in answer["rows"]:
            found |= {f"{row['name']} {rate}": row[rate] for rate in RATES if row.get(rate)}
            in_seconds = row["unit"] == "s"
            found[row["name"]] = row["value"] * (1000 if in_seconds else 1)
            self.units[row["name"]] = "ms" if in_seconds else row["unit"]
            # The same model gives the same bits in every run and on every path.
            if row["hash"] and self.hashes.setdefault((model, row["name"]), row["hash"]) != row["hash"]:
                sys.exit(f"{row['name']}: the logits' hash is {row['hash']} and was {self.hashes[model, row['name']]}.")
        return found


def theirs(bench, model, threads, *flags):
    rows = output([bench, "-m", model, "-t", str(threads), "-r", "1", "-o", "json", *flags])
    return {(f"prefill {row['n_prompt']}" if row["n_prompt"] else f"decode {row['n_gen']}")
            + (f" at {row['n_depth']}" if row["n_depth"] else ""): row["avg_ts"] for row in rows}


def jobs(ours, peers, model, threads):
    """What is run in turn: a name, and how to get its numbers."""
    native, both = os.path.join(peers, "native/bin/llama-bench"), ("-p", "512", "-n", "128")
    found = {}
    for kind in TYPES:
        path = model if kind == "Q4_1" else os.path.join(peers, f"models/SmolLM2-135M-Instruct.{kind}.gguf")
        found[f"ours {kind}"] = lambda path=path, kind=kind: ours.run(path, None if kind == "Q4_1" else "decode 128,prefill 512")
        found[f"theirs {kind}"] = lambda path=path: theirs(native, path, threads, *both)
    found["theirs scoring"] = lambda: (theirs(native, model, threads, "-p", "1000", "-n", "0")
                                       | theirs(native, model, threads, "-p", "500", "-n", "0", "-d", "1000"))
    plain = os.path.join(peers, "avx2/bin/llama-bench")
    if os.path.exists(plain):
        found["ours AVX2"] = lambda: ours.run(model, "decode 128,prefill 512", "avx2")
        found["theirs AVX2"] = lambda: theirs(plain, model, threads, *both)
    return found


def measure(jobs, runs, minutes, share):
    """The numbers of quiet runs. Shape: {job: [{row: value}]}."""
    found, end = {name: [] for name in jobs}, time.monotonic() + 60 * minutes
    while waiting := [name for name in jobs if len(found[name]) < runs]:
        for name in waiting:
            if time.monotonic() > end:
                sys.exit("The machine was busy; quiet runs: "
                         + ", ".join(f"{name} {len(each)}" for name, each in found.items()) + ". Nothing was written.")
            before, mine, start = busy(), own(), time.monotonic()
            values = jobs[name]()
            others = ((busy() - before) - (own() - mine)) / (os.cpu_count() * (time.monotonic() - start))
            shown = {row: round(value, 1) for row, value in values.items() if row.split()[-1] not in RATES}
            print(f"{name}:", shown, f"others {others:.1%}", "" if others <= share else "(thrown away)", flush=True)
            if others <= share:
                found[name].append(values)
            else:
                time.sleep(1)
    return found


def number(value):
    """Three digits, or the whole number."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:#.3g}".rstrip(".")


def verdict(is_reached):
    return "reached" if is_reached else "**not reached**"


class Comparison:
    """One line of the table: what was measured of both, and the ratio that says how many times better ours is.

    `less`: the smaller number is the better one.
    """
    def __init__(self, title, mine, other, demand=None, less=False):
        self.title, self.mine, self.other, self.demand = title, mine, other, demand
        a, b = statistics.median(mine), statistics.median(other)
        self.ratio = b / a if less else a / b

    def cells(self, with_spread):
        def cell(values):
            spread = f" ({number(min(values))}–{number(max(values))})" if with_spread and len(values) > 1 else ""
            return number(statistics.median(values)) + spread
        demand = ("", "") if self.demand is None else (f"{self.demand:.1f}", verdict(self.ratio >= self.demand))
        return "| " + " | ".join([self.title, cell(self.mine), cell(self.other), number(self.ratio), *demand]) + " |"


def comparisons(found, far):
    def values(job, row):
        return [run[row] for run in found.get(job, []) if row in run]

    def add(title, mine, other, demand=None, less=False):
        if mine and other:
            lines.append(Comparison(title, mine, other, demand, less))
        else:
            print(f"No runs of both for: {title}")

    lines = []
    for kind in TYPES:
        for row in ("decode 128", "prefill 512"):
            add(f"{row}, {kind}, tok/s", values(f"ours {kind}", row), values(f"theirs {kind}", row), DEMANDS.get(f"{row} {kind}"))
    add("prefill 512, our Q4_1 and its Q4_0, tok/s", values("ours Q4_1", "prefill 512"), values("theirs Q4_0", "prefill 512"), 1.7)
    add("8 streams in total and its one stream, Q4_1, tok/s", values("ours Q4_1", "8 streams"), values("theirs Q4_1", "decode 128"), 8.0)
    scoring = [1e6 / run["prefill 1000"] + 2e6 / run["prefill 500 at 1000"] for run in found["theirs scoring"]]
    add("few-shot scoring, Q4_1, ms", values("ours Q4_1", "scoring"), scoring, 3.0, less=True)
    for row, demand in (("decode 128", 1.3), ("prefill 512", None)):
        add(f"{row}, Q4_1, both without AVX-512, tok/s", values("ours AVX2", row), values("theirs AVX2", row), demand)
    add("mean KL divergence from float32, Q4_1, nats", [far["ours"]["mean"]], [far["theirs"]["mean"]], 3.0, less=True)
    return lines


HEAD = "| | Terrarium | llama.cpp | ratio | demanded | |\n|---|--:|--:|--:|--:|---|"


def own_rows(found, units):
    """Every row of bench, beside its goal and the machine's limits."""
    def middle(name):
        values = [run[name] for run in found if name in run]
        return statistics.median(values) if values else None

    def rates(name):
        return ["" if middle(f"{name} {rate}") is None else number(middle(f"{name} {rate}")) for rate in RATES]

    rows = [["", "Terrarium", "unit", *RATES.values(), "goal", ""], ["---", "--:", "---", "--:", "--:", "--:", "---"]]
    for name in (name for name in found[0] if name in units):
        row = [name, number(middle(name)), units[name], *rates(name), "", ""]
        limit, is_least, unit = GOALS.get(name, (0, False, None))
        if unit == units[name]:
            row[-2:] = f"{'≥' if is_least else '≤'} {number(limit)}", verdict(middle(name) >= limit if is_least else middle(name) <= limit)
        rows.append(row)
    rows.append(["the machine at most", "", "", *rates("limit"), "", ""])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def accuracy(far):
    lines = ["| | mean KL | p99 | greatest | same first token |", "|---|--:|--:|--:|--:|"]
    for title, key in (("Terrarium", "ours"), ("llama.cpp", "theirs")):
        each = far[key]
        lines.append(f"| {title} | {each['mean']:.2e} | {each['p99']:.2e} | {each['max']:.2e} | {each['top']:.1%} |")
    return "\n".join(lines)


def builds(ours, peers, threads):
    """The machine and both builds, as a table."""
    def date(path):
        return datetime.date.fromtimestamp(os.path.getmtime(path)).isoformat()

    def git(*words):
        return subprocess.run(["git", "-C", ROOT, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.strip()

    with open(os.path.join(peers, "native/CMakeCache.txt")) as file:
        compiler = re.search("^CMAKE_CXX_COMPILER:.*=(.*)$", file.read(), re.M).group(1)
    version = subprocess.run([compiler, "--version"], stdout=subprocess.PIPE, text=True).stdout.splitlines()[0]
    source = "commit " + git("rev-parse", "--short", "HEAD") + (" with changes" if git("status", "--porcelain", "Sources") else "")
    facts = {key: value for key, value in ours.about["machine"].items() if key not in RATES} | {
        "threads": threads, "model": f"{ours.about['model']['name']}, fingerprint {ours.about['model']['fingerprint']}",
        "Terrarium": f"{source}, built {date(ours.program)}",
        "llama.cpp": f"as vendored by {os.path.basename(peers)}, built {date(os.path.join(peers, 'native/made'))} by {version}"}
    return "| | |\n|---|---|\n" + "\n".join(f"| {key} | {value} |" for key, value in facts.items())


def document(ours, found, lines, far, arguments):
    table = "\n".join(line.cells(with_spread=True) for line in lines)
    return f"""# Benchmarks

`make bench-peers` builds llama.cpp, measures both and writes this file; the last time on {datetime.date.today().isoformat()}.

{builds(ours, arguments.peers, arguments.threads)}

## Against llama.cpp

Medians of {arguments.runs} runs each, with the least and the greatest; both engines in turn, and no run during which other programs took
more than {arguments.others:.0%} of the processors. The ratio says how many times better Terrarium is; figures drift from day to day.

{HEAD}
{table}

- Both read the same file. Q4_0, Q8_0 and F16 are made of the Q4_1 file by `llama-quantize --allow-requantize`: Q4_0 is a
  requantisation, good for speed and not for quality; Q8_0 and F16 hold nearly the numbers of Q4_1.
- llama.cpp is built with `-DGGML_NATIVE=ON`, for the rows without AVX-512 with `-DGGML_NATIVE=OFF` and AVX2, FMA, F16C and BMI2 on;
  Terrarium runs with `TERRARIUM_KERNELS=avx2` there. llama-bench's own defaults otherwise, with its warm-up.
- Few-shot scoring is a prefix of 1,000 tokens once and 100 answers of 20 tokens each after it. llama.cpp's time is an estimate in its
  favour, of its own speeds in the same run: 1,000 tokens at that of `-p 1000`, and 2,000 at that of `-p 500 -d 1000` (25 answers in
  each batch, all after the same prefix). That leaves out the logits of the 2,000 tokens, which our time has in it.

## Terrarium's own rows

`terrarium bench` on the same model, medians of the same runs. Every run gave the same logits, bit for bit, on every path it was run on.
GB/s and GMAC/s are what a row read of weights and cache and how many products it made a second.

{own_rows(found["ours Q4_1"], ours.units)}

## Accuracy

KL divergence from float32 over {far['positions']} positions of `scripts/kl-text.txt` (prose, lists, code, dialogue, digits), in nats; the
second half of each chunk of {kl.CHUNK} tokens. Gold is the Q4_1 file's weights as float32 in llama.cpp, with a float32 cache; both
engines run the Q4_1 file on the same ids. `llama-perplexity --kl-divergence-base` keeps a logit in 16 bits when it is within 16
of the greatest; the sum is over those tokens, for both engines the same ({far['outside']:.1e} of the probability is outside). The
rounding makes about 2e-09 of each sum.

{accuracy(far)}
"""


def write(ours, found, lines, far, arguments):
    with open(os.path.join(ROOT, "docs/benchmarks.md"), "w", encoding="utf-8") as file:
        file.write(document(ours, found, lines, far, arguments))
    path = os.path.join(ROOT, "README.md")
    with open(path, encoding="utf-8") as file:
        before, rest = file.read().split(MARKS[0])
    machine = ours.about["machine"]
    text = [f"Medians of {arguments.runs} runs each, in turn, with {arguments.threads} threads: {machine['cpu']}, "
            f"{machine['cores']} cores, kernels {machine['kernels']}; {ours.about['model']['name']}.", "", HEAD]
    text += [line.cells(with_spread=False) for line in lines if line.demand is not None]
    for name in ("load", "first token"):
        if name in found["ours Q4_1"][0]:
            text.append(f"| {name}, ms | {number(statistics.median(run[name] for run in found['ours Q4_1']))} | | | | |")
    with open(path, "w", encoding="utf-8") as file:
        file.write(before + MARKS[0] + "\n".join(text) + "\n" + MARKS[1] + rest.split(MARKS[1], 1)[1])
    print("\n".join(text))


def main():
    parser = argparse.ArgumentParser(description="Measures Terrarium and llama.cpp in turn; writes docs/benchmarks.md and README's table.")
    parser.add_argument("--peers", required=True, help="the folder that bench-peers.sh fills")
    parser.add_argument("--model", required=True, help="the default model")
    parser.add_argument("--program", default=os.path.join(ROOT, ".build/release/terrarium"))
    parser.add_argument("--threads", type=int, default=min(8, os.cpu_count()))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=15, help="how long to wait for a quiet machine")
    parser.add_argument("--others", type=float, default=0.04, help="the share of the processors that other programs may take")
    arguments = parser.parse_args()
    ours = Ours(arguments.program, arguments.threads)
    gold = os.path.join(arguments.peers, "models/SmolLM2-135M-Instruct.F32.gguf")
    far = kl.compare(arguments.program, arguments.peers, arguments.model, gold, arguments.threads)
    print(json.dumps(far), flush=True)
    found = measure(jobs(ours, arguments.peers, arguments.model, arguments.threads), arguments.runs, arguments.minutes, arguments.others)
    write(ours, found, comparisons(found, far), far, arguments)


main()
