"""A forward pass of Llama in numpy float32 over the dequantised weights of a GGUF file: the witness of the engine's numbers.

Written from the published architecture (Touvron et al. 2023; RMSNorm: Zhang and Sennrich 2019; rotary positions: Su et al. 2021;
grouped queries: Ainslie et al. 2023; SwiGLU: Shazeer 2020), sharing no code and no number format with the Swift engine. Every
text is run whole and alone: nothing is cached, nothing batched.

Import it for the pass (`Llama(path).run(ids)`); run it with numbers.json to check it first:
    python3 score_reference.py MODEL.gguf ../../EngineTests/Fixtures/numbers.json
(numpy 2.4.6, gguf 0.19.0, Python 3.11 were used.)
"""
import json
import sys
from dataclasses import dataclass, field

import numpy as np
from gguf import GGUFReader
from gguf.quants import dequantize


@dataclass
class Pass:
    """What a pass leaves behind."""

    residuals: list = field(default_factory=list)  # entering layer 0..L-1, then leaving the last. Shape: [L + 1][T, width]
    middles: list = field(default_factory=list)  # between attention and feed-forward. Shape: [L][T, width]
    patterns: list = field(default_factory=list)  # softmaxed attention. Shape: [L][heads, queries, keys]
    values: list = field(default_factory=list)  # of each query head. Shape: [L][heads, T, head size]
    heads: list = field(default_factory=list)  # weighted values, before the output matrix. Shape: [L][T, heads, head size]


class Llama:
    def __init__(self, path):
        reader = GGUFReader(path)
        value = lambda key: reader.fields[key].contents()
        assert value("general.architecture") == "llama"
        self.layers = value("llama.block_count")
        self.heads = value("llama.attention.head_count")
        self.kv_heads = value("llama.attention.head_count_kv")
        self.width = value("llama.embedding_length")
        self.head_size = value("llama.rope.dimension_count")
        self.base = value("llama.rope.freq_base")
        self.epsilon = np.float32(value("llama.attention.layer_norm_rms_epsilon"))
        assert self.head_size * self.heads == self.width and "rope_freqs.weight" not in {t.name for t in reader.tensors}
        # Shape of a matrix: [outputs, inputs]
        self.weights = {t.name: dequantize(t.data, t.tensor_type).astype(np.float32) for t in reader.tensors}
        self.embedding = self.weights["token_embd.weight"]
        self.head = self.weights.get("output.weight", self.embedding)
        alphabet = byte_alphabet()
        self.pieces = [bytes(alphabet[c] for c in text) if all(c in alphabet for c in text) else text.encode()
                       for text in value("tokenizer.ggml.tokens")]

    def run(self, ids, patterns=False, edit=lambda site, layer, values: values):
        """The pass over a whole text. `patterns` keeps what grows with the square of its length; `edit` returns what goes on in
        place of the values at a site, of shape [T, width], or [T, heads, head size] for z."""
        seen = Pass()
        x = self.embedding[np.asarray(ids)]
        turns = self.turns(len(ids))
        hidden = np.triu(np.full((len(ids), len(ids)), -np.inf, np.float32), 1)
        for layer in range(self.layers):
            weight = lambda name: self.weights[f"blk.{layer}.{name}.weight"]
            x = edit("residPre", layer, x)
            seen.residuals.append(x)
            normed = self.norm(x, weight("attn_norm"))
            q = rotate(self.split(normed @ weight("attn_q").T, self.heads), turns)
            k = rotate(self.split(normed @ weight("attn_k").T, self.kv_heads), turns)
            v = self.split(normed @ weight("attn_v").T, self.kv_heads)
            # Query heads 0..n-1 share the first pair of key and value heads, and so on.
            k, v = (np.repeat(part, self.heads // self.kv_heads, axis=0) for part in (k, v))
            pattern = softmax(q @ k.transpose(0, 2, 1) / np.float32(np.sqrt(self.head_size)) + hidden)
            z = edit("z", layer, (pattern @ v).transpose(1, 0, 2))
            x = x + edit("attnOut", layer, z.reshape(len(ids), self.width) @ weight("attn_output").T)
            x = edit("residMid", layer, x)
            seen.middles.append(x)
            seen.heads.append(z)
            if patterns:
                seen.patterns.append(pattern)
                seen.values.append(v)
            normed = self.norm(x, weight("ffn_norm"))
            gate = normed @ weight("ffn_gate").T
            x = x + edit("mlpOut", layer, (gate / (1 + np.exp(-gate)) * (normed @ weight("ffn_up").T)) @ weight("ffn_down").T)
            x = edit("residPost", layer, x)
        seen.residuals.append(x)
        assert x.dtype == np.float32
        return seen

    def logits(self, residual):
        """Final norm and head. Shape: [T, width] -> [T, vocabulary]"""
        return self.norm(residual, self.weights["output_norm.weight"]) @ self.head.T

    def logprobs(self, ids, first):
        """Of ids[first:], each given all before it. Unit: nats."""
        rows = log_softmax(self.logits(self.run(ids[:-1]).residuals[-1][first - 1 :]))
        return rows[np.arange(len(rows)), ids[first:]]

    def norm(self, x, weight):
        return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + self.epsilon) * weight

    def split(self, x, heads):
        """Shape: [T, heads * head size] -> [heads, T, head size]"""
        return x.reshape(len(x), heads, self.head_size).transpose(1, 0, 2)

    def turns(self, count):
        """Angles as complex numbers of length one. Shape: [T, head size / 2]"""
        speeds = self.base ** (-np.arange(0, self.head_size, 2) / self.head_size)
        return np.exp(1j * np.outer(np.arange(count), speeds)).astype(np.complex64)


def rotate(x, turns):
    """The file's rows are permuted so that neighbours are the real and the imaginary part of one number."""
    pairs = np.ascontiguousarray(x).view(np.complex64)
    return (pairs * turns).view(np.float32)


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def log_softmax(x):
    x = x - x.max(axis=-1, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))


def byte_alphabet():
    """The printable characters that GPT-2's vocabularies write for bytes. Source: Radford et al. 2019."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + place): byte for place, byte in enumerate(others)}


def check(model, path):
    """The largest differences from numbers.json."""
    worst = dict.fromkeys(["token_logprobs", "entropy_nats", "top", "lens_top2", "attention"], 0.0)

    def note(name, found, expected):
        worst[name] = max(worst[name], float(np.abs(np.asarray(found, float) - np.asarray(expected, float)).max()))

    with open(path) as file:
        prompts = json.load(file)
    for prompt in prompts:
        ids = prompt["ids"]
        seen = model.run(ids, patterns=True)
        rows = log_softmax(model.logits(seen.residuals[-1]))
        note("token_logprobs", rows[np.arange(len(ids) - 1), ids[1:]], prompt["token_logprobs"][1:])
        note("entropy_nats", -(np.exp(rows[-1]) * rows[-1]).sum(), prompt["entropy_nats"])
        note("top", [rows[-1][i] for i, _ in prompt["top"]], [value for _, value in prompt["top"]])
        for residual, pairs in zip(seen.residuals, prompt["lens_top2"], strict=True):
            row = log_softmax(model.logits(residual[-1:]))[0]
            note("lens_top2", [row[int(i)] for i, _ in pairs], [value for _, value in pairs])
        for name, expected in prompt["attention_last_row"].items():
            layer, head = map(int, name.split("."))
            note("attention", seen.patterns[layer][head, -1], expected)
    return worst


if __name__ == "__main__":
    for name, difference in check(Llama(sys.argv[1]), sys.argv[2]).items():
        print(f"{name:16}{difference:.2e}")
        assert difference < 1e-4
