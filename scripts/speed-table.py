#!/usr/bin/env python3
"""Measures Terrarium and llama.cpp in turn and writes the table of README's numbers.

In: the path of a llama-bench, a built program, the default model. Out: the lines between README's marks, and on standard
output every run. A run during which other programs took more than 4 % of the processors is thrown away and made again, so
that only a quiet machine gets a table. Linux, Python's standard library only.
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MARKS = ("<!-- numbers: scripts/speed-table.py LLAMA_BENCH writes them -->\n", "<!-- /numbers -->")
THREADS = 2


def busy():
    """Seconds that all processors have worked."""
    with open("/proc/stat") as file:
        times = [int(word) for word in file.readline().split()[1:9]]
    return (sum(times) - times[3] - times[4]) / os.sysconf("SC_CLK_TCK")


def own():
    """Seconds that programs started here have worked."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(command):
    """What a program prints as JSON, and the share of the processors that others had."""
    before, mine, start = busy(), own(), time.monotonic()
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    others = (busy() - before) - (own() - mine)
    return json.loads(output), others / (os.cpu_count() * (time.monotonic() - start))


def terrarium(program, model):
    answer, others = run([program, "bench", "--runs", "1", "--json", "--threads", str(THREADS), "--model", model])
    return {row["name"]: row["value"] for row in answer["rows"]}, others, answer


def llama(bench, model):
    rows, others = run([bench, "-m", model, "-t", str(THREADS), "-p", "512", "-n", "128", "-r", "1", "-o", "json"])
    return {"prefill 512" if row["n_prompt"] else "decode 128": row["avg_ts"] for row in rows}, others, rows


def table(ours, theirs, about):
    def middle(runs, name):
        return statistics.median(found[name] for found in runs)
    machine = about["machine"]
    lines = [
        f"Medians of {len(ours)} runs each, in turn, with {THREADS} threads: {machine['cpu']}, {machine['cores']} cores, kernels "
        f"{machine['kernels']}; {about['model']['name']}. llama.cpp as vendored by llama-cpp-python 0.3.36, native build, same file.",
        "", "| | Terrarium | llama.cpp | ratio |", "|---|--:|--:|--:|"]
    for name, title in (("decode 128", "decode 128 tokens, tok/s"), ("prefill 512", "prefill 512 tokens, tok/s")):
        a, b = middle(ours, name), middle(theirs, name)
        lines.append(f"| {title} | {a:,.0f} | {b:,.0f} | {a / b:.2f} |")
    for name, title in (("load", "load the model, ms"), ("first token", "start of the process to the first token, ms")):
        lines.append(f"| {title} | {middle(ours, name):,.0f} | | |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description="Measures Terrarium and llama.cpp in turn and writes README's table.")
    parser.add_argument("llama_bench")
    parser.add_argument("--program", default=os.path.join(ROOT, ".build/release/terrarium"))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=10, help="how long to wait for a quiet machine")
    arguments = parser.parse_args()
    paths = json.loads(subprocess.run([arguments.program, "paths", "--json"], check=True, stdout=subprocess.PIPE).stdout)
    ours, theirs, about = [], [], None
    end = time.monotonic() + 60 * arguments.minutes
    while min(len(ours), len(theirs)) < arguments.runs:
        if time.monotonic() > end:
            sys.exit(f"The machine was busy: {len(ours)} and {len(theirs)} quiet runs. README is as it was.")
        mine = len(ours) <= len(theirs)
        if mine:
            found, others, about = terrarium(arguments.program, paths["model"])
        else:
            found, others, _ = llama(arguments.llama_bench, paths["model"])
        quiet = others < 0.04
        print("terrarium" if mine else "llama.cpp", {name: round(value, 1) for name, value in found.items()},
              f"others {others:.0%}", "" if quiet else "(thrown away)", flush=True)
        if quiet:
            (ours if mine else theirs).append(found)
        else:
            time.sleep(1)
    path = os.path.join(ROOT, "README.md")
    with open(path, encoding="utf-8") as file:
        before, rest = file.read().split(MARKS[0])
    text = table(ours, theirs, about)
    with open(path, "w", encoding="utf-8") as file:
        file.write(before + MARKS[0] + text + MARKS[1] + rest.split(MARKS[1], 1)[1])
    print(text)


main()
