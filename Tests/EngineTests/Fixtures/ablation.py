"""KL divergences of the next-token distribution under single ablated heads, with the float32 pass of
Tests/LaboratoryTests/Fixtures/score_reference.py: the witness of `terrarium ablate` on the default model.

    python3 ablation.py MODEL.gguf > ablation.json
(numpy 2.4.6, gguf 0.19.0, Python 3.11 were used.)
"""
import json
import pathlib
import sys

import numpy as np

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parents[1] / "LaboratoryTests/Fixtures"))
from score_reference import Llama, log_softmax

# Prompts of numbers.json; of each the four heads that matter most.
PROMPTS, STRONGEST = [0, 4, 9], 4


def last(model, ids, zeroed=None):
    def edit(site, layer, values):
        if site == "z" and zeroed and layer == zeroed[0]:
            values[:, zeroed[1]] = 0
        return values

    return log_softmax(model.logits(model.run(ids, edit=edit).residuals[-1][-1:]))[0].astype(np.float64)


if __name__ == "__main__":
    model = Llama(sys.argv[1])
    with open(here / "numbers.json") as file:
        prompts = json.load(file)
    lines = []
    for index in PROMPTS:
        ids = prompts[index]["ids"]
        before = last(model, ids)
        token = int(before.argmax())
        found = []
        for layer in range(model.layers):
            for head in range(model.heads):
                after = last(model, ids, (layer, head))
                divergence = float((np.exp(before) * (before - after)).sum())
                found.append({"layer": layer, "head": head, "divergence": divergence, "change": float(after[token] - before[token])})
        found.sort(key=lambda row: -row["divergence"])
        rows = [{name: round(value, 6) if isinstance(value, float) else value for name, value in row.items()} for row in found[:STRONGEST]]
        lines.append(json.dumps({"ids": ids, "token": token, "heads": rows}))
    print("[\n" + ",\n".join(lines) + "\n]")
