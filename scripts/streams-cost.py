#!/usr/bin/env python3
"""What the playground's screen costs a generation: its rate in a terminal of 120 x 30 against the headless one, in turn.

In: the built program, the default model. Out: a line a round and the medians: tokens a second of both, what the terminal
got, and how much of a processor each thread took. To be run on a quiet machine. Linux, Python's standard library only.
"""
import argparse
import fcntl
import json
import os
import pty
import re
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAM = os.path.join(ROOT, ".build/release/terrarium")
# No stream ends early: its end-of-text tokens are banned.
PROMPT = """---
temperature: 1
seed: 42
max_tokens: {tokens}
logit_bias: {{0: -100, 2: -100}}
---
When the snow began to melt, the people of the village came out of their houses and
"""


def headless(path, streams, tokens):
    """Tokens a second of all streams; the first one is printed while it is drawn, and all are drawn together."""
    with subprocess.Popen([PROGRAM, "generate", path, "--json", "--streams", str(streams)], stdout=subprocess.PIPE) as process:
        times = []
        for line in process.stdout:
            if "id" not in json.loads(line):
                break
            times.append(time.monotonic())
        process.kill()
    assert len(times) == tokens, f"{len(times)} tokens of {tokens}"
    return streams * (len(times) - 1) / (times[-1] - times[0])


def threads(pid):
    """Seconds of processor time by thread, the main one first."""
    found = {}
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        found[int(task)] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return found


class Terminal:
    """The playground in a terminal of its own."""

    def __init__(self, path, home):
        self.pid, self.end = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", XDG_DATA_HOME=home)
            os.execv(PROGRAM, [PROGRAM, path])
        fcntl.ioctl(self.end, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 120, 0, 0))

    def send(self, keys):
        os.write(self.end, keys.encode())

    def until_quiet(self, seconds=0.6):
        """What comes until nothing more does, and when the last of it came."""
        text, last = b"", time.monotonic()
        while select.select([self.end], [], [], seconds)[0]:
            text += os.read(self.end, 1 << 16)
            last = time.monotonic()
        return text, last

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.end)


def playground(path, streams):
    # A data folder of its own: what a round before left there would be offered first.
    with tempfile.TemporaryDirectory() as home:
        return watched(Terminal(path, home), streams)


def watched(terminal, streams):
    try:
        terminal.until_quiet(2)
        # Four are begun at first; each step more or less begins again.
        keys = "\x07" if streams == 1 else "\x0e" + ("+" if streams > 4 else "-") * abs(streams - 4)
        before, start = threads(terminal.pid), time.monotonic()
        terminal.send(keys)
        text, last = terminal.until_quiet()
        after, span = threads(terminal.pid), last - start
        terminal.send("\x0c")
        rate = re.search(rb"(\d+) tok/s", terminal.until_quiet()[0])
        frames = text.count(b"\x1b[?2026h")
        shares = [round(100 * (after[task] - before.get(task, 0)) / span, 1) for task in sorted(after)]
        return float(rate[1]), frames / span, len(text) / max(1, frames), text.count(b"\x1b[2J"), shares
    finally:
        terminal.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    rates = []
    with tempfile.TemporaryDirectory() as home:
        path = os.path.join(home, "prompt.md")
        with open(path, "w") as file:
            file.write(PROMPT.format(tokens=options.tokens))
        for _ in range(options.rounds):
            alone = headless(path, options.streams, options.tokens)
            shown, frames, size, clears, shares = playground(path, options.streams)
            rates.append((alone, shown))
            print(f"headless {alone:.0f} tok/s   playground {shown:.0f} tok/s   {frames:.1f} frames/s of {size:.0f} bytes, "
                  f"{clears} clears   threads {shares} %", flush=True)
    alone, shown = (statistics.median(column) for column in zip(*rates))
    print(f"medians: headless {alone:.0f}, playground {shown:.0f} tok/s: {100 * (1 - shown / alone):.1f} % less")


if __name__ == "__main__":
    sys.exit(main())
