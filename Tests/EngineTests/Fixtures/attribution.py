"""Direct logit attribution with the float32 pass of Tests/LaboratoryTests/Fixtures/score_reference.py: the witness of
`terrarium attribute` on the default model.

    python3 attribution.py MODEL.gguf > attribution.json
(numpy 2.4.6, gguf 0.19.0, Python 3.11 were used.)
"""
import json
import pathlib
import sys

import numpy as np

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parents[1] / "LaboratoryTests/Fixtures"))
from score_reference import Llama

# Prompts of numbers.json, and which position of each.
PLACES = [(0, -1), (1, 3), (4, -1)]


def attribute(model, seen, position, direction):
    """The parts of the logit that a direction reads off the final norm's output."""
    final = seen.residuals[-1][position]
    scale = 1 / np.sqrt(np.mean(final * final) + model.epsilon)
    reader = model.weights["output_norm.weight"] * direction * scale
    heads = []
    for layer, z in enumerate(seen.heads):
        matrix = model.weights[f"blk.{layer}.attn_output.weight"]
        size = model.head_size
        heads.append([float(reader @ (matrix[:, h * size : (h + 1) * size] @ z[position, h])) for h in range(model.heads)])
    mlps = [float(reader @ (after[position] - middle[position])) for after, middle in zip(seen.residuals[1:], seen.middles)]
    return {"embedding": float(reader @ seen.residuals[0][position]), "heads": heads, "mlps": mlps}


def rounded(value):
    if isinstance(value, list):
        return [rounded(part) for part in value]
    return round(value, 5) if isinstance(value, float) else value


if __name__ == "__main__":
    model = Llama(sys.argv[1])
    with open(here / "numbers.json") as file:
        prompts = json.load(file)
    lines = []
    for index, position in PLACES:
        ids = prompts[index]["ids"]
        position %= len(ids)
        seen = model.run(ids)
        logits = model.logits(seen.residuals[-1][position : position + 1])[0]
        token, against = (int(i) for i in np.argsort(-logits, kind="stable")[:2])
        for other in (None, against):
            direction = model.head[token] - (0 if other is None else model.head[other])
            parts = attribute(model, seen, position, direction)
            logit = float(logits[token]) - (0 if other is None else float(logits[other]))
            assert abs(parts["embedding"] + sum(map(sum, parts["heads"])) + sum(parts["mlps"]) - logit) < 1e-3
            entry = {"ids": ids, "position": position, "token": token, "against": other, "logit": logit} | parts
            lines.append(json.dumps({name: rounded(value) for name, value in entry.items()}))
    print("[\n" + ",\n".join(lines) + "\n]")
