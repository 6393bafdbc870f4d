"""Writes dequantised.json: rows of random bytes in K types and IQ4_NL, and what gguf-py makes of them.

  python3 dequantised.py    (needs the PyPI packages gguf and numpy)
"""
import base64
import json
import pathlib

import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf import quants

random = np.random.default_rng(7)


def half(*values):
    return np.array(values, dtype=np.float16).view(np.uint8)


def row(kind):
    blocks = []
    for scale in [0.01, -0.002, 65504, 6e-8, 0]:
        rest = {Type.Q2_K: 80, Type.Q3_K: 108, Type.Q4_K: 140, Type.Q5_K: 172, Type.Q6_K: 208, Type.IQ4_NL: 16}[kind]
        numbers = random.integers(0, 256, rest, dtype=np.uint8)
        if kind == Type.Q2_K:
            blocks.append(np.concatenate([numbers, half(scale, scale / 3)]))
        elif kind in (Type.Q3_K, Type.Q6_K):
            blocks.append(np.concatenate([numbers, half(scale)]))
        else:
            blocks.append(np.concatenate([half(scale) if kind == Type.IQ4_NL else half(scale, scale / 3), numbers]))
    return np.concatenate(blocks)


def text(array):
    return base64.b64encode(array.tobytes()).decode()


found = []
for kind in [Type.Q2_K, Type.Q3_K, Type.Q4_K, Type.Q5_K, Type.Q6_K, Type.IQ4_NL]:
    bytes_ = row(kind)
    found.append({"type": int(kind), "bytes": text(bytes_), "values": text(quants.dequantize(bytes_, kind).astype("<f4"))})
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(found, indent=0) + "\n")
