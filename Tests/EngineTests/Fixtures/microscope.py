"""Lens, attention, attribution, edits and patching with the float32 pass of Tests/LaboratoryTests/Fixtures/score_reference.py:
the witness of the microscope on a model that learnt something and on one of random weights.

    python3 microscope.py --tiny tiny.gguf             writes the random model
    python3 microscope.py MODEL.gguf > microscope.json
    python3 microscope.py tiny.gguf > microscope-tiny.json
(numpy 2.4.6, gguf 0.19.0, Python 3.11 were used.)
"""
import json
import pathlib
import sys

import numpy as np
from gguf import GGUFWriter

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parents[1] / "LaboratoryTests/Fixtures"))
from attribution import attribute, rounded
from score_reference import Llama, byte_alphabet, log_softmax

# The patching witness: two texts of the same length that differ in one token.
TEXTS = ["The| capital| of| France| is", "The| capital| of| Italy| is"]
SITES = ["residPre", "attnOut", "mlpOut", "z"]


def write_tiny(path, layers=3, heads=4, kv_heads=2, size=16, hidden=96, vocabulary=277, seed=6):
    """A Llama of random weights whose tokens are bytes."""
    random, width = np.random.default_rng(seed), heads * size
    writer = GGUFWriter(path, "llama")
    writer.add_name("tiny")
    writer.add_block_count(layers)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(hidden)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_context_length(256)
    writer.add_vocab_size(vocabulary)
    writer.add_rope_dimension_count(size)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    characters = {byte: letter for letter, byte in byte_alphabet().items()}
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([characters[byte] for byte in range(256)] + ["he", "ll", "<|endoftext|>"])
    writer.add_token_types([1] * 258 + [3])
    writer.add_token_merges(["h e", "l l"])
    writer.add_eos_token_id(258)

    def matrix(name, rows, columns, spread):
        writer.add_tensor(name, random.normal(0, spread, (rows, columns)).astype(np.float16))

    def vector(name):
        writer.add_tensor(name, random.uniform(0.8, 1.2, width).astype(np.float32))

    matrix("token_embd.weight", vocabulary, width, 0.7)
    for layer in range(layers):
        name = f"blk.{layer}."
        vector(name + "attn_norm.weight")
        matrix(name + "attn_q.weight", width, width, 1.2 / np.sqrt(width))
        matrix(name + "attn_k.weight", kv_heads * size, width, 1.2 / np.sqrt(width))
        matrix(name + "attn_v.weight", kv_heads * size, width, 1.2 / np.sqrt(width))
        matrix(name + "attn_output.weight", width, width, 1.2 / np.sqrt(width))
        vector(name + "ffn_norm.weight")
        matrix(name + "ffn_gate.weight", hidden, width, 1.2 / np.sqrt(width))
        matrix(name + "ffn_up.weight", hidden, width, 1.2 / np.sqrt(width))
        matrix(name + "ffn_down.weight", width, hidden, 1.2 / np.sqrt(hidden))
    vector("output_norm.weight")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def keeping(model, ids):
    """Every site's values of a pass. Shape: {(site, layer): [T, ...]}"""
    kept = {}

    def edit(site, layer, values):
        kept[site, layer] = values.copy()
        return values

    return model.run(ids, patterns=True, edit=edit), kept


def prediction(model, residual):
    return log_softmax(model.logits(residual[None]))[0].astype(np.float64)


def divergence(before, after):
    return float((np.exp(before) * (before - after)).sum())


def changed(model, ids, own, source, entries):
    """The prediction after the last position under edits, each a dict as it is written to the file."""

    def edit(site, layer, values):
        for entry in entries:
            if entry["site"] != site or entry["layer"] != layer:
                continue
            first, end = entry.get("positions", [0, len(ids)])
            part = (slice(first, end), entry["head"]) if "head" in entry else slice(first, end)
            match entry["change"]:
                case "zero":
                    values[part] = 0
                case "mean":
                    values[part] = own[site, layer].astype(np.float64).mean(axis=0).astype(np.float32)[entry.get("head", slice(None))]
                case "scale":
                    values[part] *= np.float32(entry["factor"])
                case "from":
                    values[part] = source[site, layer][entry["from"]]
                case "add":
                    values[part] += np.float32(entry["factor"]) * (source[site, layer][-1] - own[site, layer][-1])
        return values

    return prediction(model, model.run(ids, edit=edit).residuals[-1][-1])


def edits(model, count):
    """Lists of edits that reach every site, change, head and span."""
    low, mid, high = 0, model.layers // 2, model.layers - 1
    yield [{"site": "z", "layer": low, "head": 1, "change": "zero"}]
    yield [{"site": "z", "layer": mid, "head": 0, "change": "zero"}, {"site": "z", "layer": mid, "head": 3, "change": "zero"},
           {"site": "z", "layer": high, "head": 2, "change": "zero"}]
    yield [{"site": "mlpOut", "layer": low, "change": "zero"}]
    yield [{"site": "attnOut", "layer": mid, "change": "zero"}]
    yield [{"site": "mlpOut", "layer": mid, "change": "mean"}]
    yield [{"site": "z", "layer": low, "head": 2, "change": "mean"}]
    yield [{"site": "mlpOut", "layer": high, "positions": [1, count], "change": "scale", "factor": 0.5}]
    yield [{"site": "residMid", "layer": mid, "positions": [count - 1, count], "change": "scale", "factor": -1.5}]
    yield [{"site": "residPost", "layer": mid, "positions": [count - 2, count - 1], "change": "from", "from": count - 2}]
    yield [{"site": "residPre", "layer": mid, "change": "add", "factor": 1.5}]


def witness(model, ids, other):
    seen, own = keeping(model, ids)
    _, source = keeping(model, other)
    before, target = prediction(model, seen.residuals[-1][-1]), prediction(model, model.run(other).residuals[-1][-1])
    token, against = int(before.argmax()), int(target.argmax())
    if token == against:
        against = int(np.argsort(-before, kind="stable")[1])
    line = {"ids": ids, "source": other, "token": token, "against": against}

    stages = [seen.residuals[0]] + [x for pair in zip(seen.middles, seen.residuals[1:], strict=True) for x in pair]
    lens = [prediction(model, x[-1]) for x in stages]
    line["lens"] = [{"top": int(row.argmax()), "best": float(row.max()), "logprob": float(row[token]),
                     "entropy": float(-(np.exp(row) * row).sum()), "divergence": divergence(before, row)} for row in lens]
    line["patterns"] = [[[float(x) for x in row[-1]] for row in layer] for layer in seen.patterns[:: max(1, model.layers // 3)]]
    line["weighted"] = [[[float(x) for x in row[-1] * np.linalg.norm(v, axis=1)] for row, v in zip(layer, values)]
                        for layer, values in zip(seen.patterns[:: max(1, model.layers // 3)], seen.values[:: max(1, model.layers // 3)])]
    line["attribution"] = attribute(model, seen, len(ids) - 1, model.head[token] - model.head[against])

    line["edits"] = []
    for entries in edits(model, len(ids)):
        after = changed(model, ids, own, source, entries)
        line["edits"].append({"edits": entries, "divergence": divergence(before, after), "change": float(after[token] - before[token])})
    line["patches"] = []
    for site in SITES:
        rows = []
        for layer in range(model.layers):
            for position in range(len(ids)):
                after = changed(model, ids, own, source, [
                    {"site": site, "layer": layer, "positions": [position, position + 1], "change": "from", "from": position}])
                change = (after[token] - after[against]) - (before[token] - before[against])
                rows.append([float(change), divergence(before, after)])
        line["patches"].append({"site": site, "cells": rows})
    return line


if __name__ == "__main__":
    if sys.argv[1] == "--tiny":
        write_tiny(sys.argv[2])
        sys.exit()
    model = Llama(sys.argv[1])
    if model.layers > 3:
        ids, other = ([model.pieces.index(piece.encode()) for piece in text.split("|")] for text in TEXTS)
    else:
        random = np.random.default_rng(7)
        ids, other = random.integers(0, 277, (2, 12)).tolist()
    line = witness(model, ids, other)

    def spelt(value):
        if isinstance(value, dict):
            return {name: spelt(part) for name, part in value.items()}
        if isinstance(value, list):
            return [spelt(part) for part in value]
        return rounded(value)

    print("{\n" + ",\n".join(f'"{name}": {json.dumps(spelt(value))}' for name, value in line.items()) + "\n}")
