"""Writes sampling.json: what every sampling stage leaves, by dense numpy arithmetic that shares no idea with the Swift code.

Run: python3 sampling.py (numpy 2.4 was used; the numbers are rounded to 12 digits).
"""
import json
import pathlib

import numpy as np

STAGES = ["raw", "bias", "penalties", "temperature", "topK", "typicalP", "topP", "minP", "draw"]
MASK = (1 << 64) - 1


def uniform(seed, position):
    def mix(z):
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    golden = 0x9E3779B97F4A7C15
    stream = mix((seed + golden) & MASK)
    return (mix((stream + golden * (position + 1)) & MASK) >> 11) / 2.0**53


def softmax(z, alive):
    p = np.zeros(len(z))
    p[alive] = np.exp(z[alive] - z[alive].max())
    return p / p.sum()


def run(case):
    z = np.array(case["logits"], dtype=np.float32)
    for token, bias in case["bias"]:
        z[token] += np.float32(bias)
    penalty = np.float32(case["repetition"])
    for token in set(case["context"]):
        z[token] = z[token] / penalty if z[token] > 0 else z[token] * penalty
    for token in set(case["generated"]):
        count = case["generated"].count(token)
        z[token] = z[token] - np.float32(case["presence"]) - np.float32(case["frequency"]) * np.float32(count)
    n = len(z)
    greedy = case["temperature"] == 0
    z = z.astype(np.float64) / (1 if greedy else case["temperature"])
    ids = np.arange(n)
    alive = np.ones(n, bool)
    cut = np.zeros(n, int)
    removed = {}

    def keep(stage, kept):
        p = softmax(z, alive)
        new = np.zeros(n, bool)
        new[kept] = True
        new &= alive
        removed[stage] = float(p[alive & ~new].sum())
        cut[alive & ~new] = STAGES.index(stage)
        alive[:] = new

    if greedy:
        keep("temperature", [int(np.argmax(z))])
    else:
        if case["topK"] > 0:
            keep("topK", np.lexsort((ids, -z))[: case["topK"]])
        if case["typicalP"] < 1:
            p = softmax(z, alive)
            live = ids[alive]
            surprisal = -np.log(p[live])
            entropy = (p[live] * surprisal).sum()
            distance = np.abs(surprisal - entropy)
            order = live[np.lexsort((live, np.round(surprisal, 11), np.round(distance, 11)))]
            total = np.cumsum(p[order])
            keep("typicalP", order[: int((total < case["typicalP"]).sum()) + 1])
        if case["topP"] < 1:
            p = softmax(z, alive)
            order = np.lexsort((ids, -p))[: alive.sum()]
            total = np.cumsum(p[order])
            keep("topP", order[: int((total < case["topP"]).sum()) + 1])
        if case["minP"] > 0:
            p = softmax(z, alive)
            keep("minP", ids[p >= case["minP"] * p.max()])
    p = softmax(z, alive)
    order = np.lexsort((ids, -p))[: alive.sum()]
    u = uniform(case["seed"], case["position"])
    chosen = int(order[min(int((np.cumsum(p[order]) <= u).sum()), len(order) - 1)])
    case["expected"] = {
        "cut": cut.tolist(),
        "removed": {key: round(value, 12) for key, value in removed.items()},
        "survivors": [[int(i), round(float(p[i]), 12)] for i in order],
        "u": u,
        "chosen": chosen,
    }
    return case


def cases():
    rng = np.random.default_rng(20260101)
    for number in range(60):
        n = int(rng.integers(20, 90))
        decimals = 3 if number % 3 else 0  # whole logits make many ties
        logits = np.round(rng.normal(0, 3, n), decimals) + 0.0
        off = lambda value, otherwise: otherwise if rng.random() < 0.35 else value
        context = [int(i) for i in rng.integers(0, n, 12)]
        yield {
            "logits": logits.tolist(),
            "bias": [[int(i), round(float(rng.normal(0, 4)), 1)] for i in rng.choice(n, off(3, 0), replace=False)],
            "context": context,
            "generated": context[5:],
            "temperature": 0 if number % 12 == 11 else off(round(float(rng.uniform(0.2, 2)), 2), 1),
            "topK": off(int(rng.integers(1, n + 5)), 0),
            "typicalP": off(round(float(rng.uniform(0.1, 0.99)), 3), 1),
            "topP": off(round(float(rng.uniform(0.1, 0.99)), 3), 1),
            "minP": off(round(float(rng.uniform(0.01, 0.4)), 3), 0),
            "repetition": off(round(float(rng.uniform(0.8, 1.8)), 2), 1),
            "presence": off(round(float(rng.uniform(-1, 1.5)), 2), 0),
            "frequency": off(round(float(rng.uniform(-0.5, 1)), 2), 0),
            "seed": int(rng.integers(0, 1 << 62)),
            "position": int(rng.integers(0, 5000)),
        }


def distribution():
    rng = np.random.default_rng(7)
    z = np.round(rng.normal(0, 4, 300), 2) + 0.0
    logprobs = z - z.max() - np.log(np.exp(z - z.max()).sum())
    order = np.lexsort((np.arange(300), -z))
    return {
        "logits": z.tolist(),
        "logprobs": [round(float(x), 12) for x in logprobs],
        "entropy": round(float(-(np.exp(logprobs) * logprobs).sum()), 12),
        "order": order.tolist(),
    }


here = pathlib.Path(__file__).parent
lines = ",\n".join(json.dumps(run(case), separators=(",", ":")) for case in cases())
tail = json.dumps(distribution(), separators=(",", ":"))
(here / "sampling.json").write_text('{"cases":[\n' + lines + '\n],\n"distribution":' + tail + "}\n")
