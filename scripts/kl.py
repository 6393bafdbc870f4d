"""How far each engine's next-token probabilities are from those of float32 weights: KL divergence, in nats.

Gold is the F32 file in llama.cpp, with a float32 cache. llama-perplexity saves what it saw after every position of the second
half of each chunk of 512 tokens: 16 bits a token, which hold the logits within 16 of the greatest. Ours are from
`terrarium score --logprobs`, on the same ids. Sums are in float64.
"""
import json
import os
import subprocess
import tempfile

import numpy

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TEXT = os.path.join(ROOT, "scripts/kl-text.txt")
CHUNK = 512


def saved(perplexity, model, path, threads, flags=()):
    """The ids, and for each position that counts the logprobs and which of them the file holds. Source: tools/perplexity."""
    command = [perplexity, "-m", model, "-f", TEXT, "--no-escape", "-c", str(CHUNK), "-b", str(CHUNK), "-t", str(threads),
               "--kl-divergence-base", path, *flags]
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if run.returncode != 0 or not os.path.exists(path):
        raise SystemExit(f"{run.stdout.decode(errors='replace')}\nllama-perplexity failed on {model}.")
    with open(path, "rb") as file:
        if file.read(8) != b"_logits_":
            raise SystemExit(f"{path} does not begin as llama-perplexity's files do.")
        context, vocabulary, chunks = numpy.fromfile(file, "<i4", 3)
        ids = numpy.fromfile(file, "<i4", chunks * context).reshape(chunks, context)
        width = 4 + 2 * ((vocabulary + 1) // 2)
        rows = numpy.fromfile(file, "<u2").reshape(chunks * (context // 2 - 1), width)
    scale, least = rows[:, :4].copy().view("<f4").astype(numpy.float64).T
    codes = rows[:, 4:4 + vocabulary]
    return ids, codes * scale[:, None] + least[:, None], codes > 0


def scored(program, model, ids, threads, folder):
    """Our logprobs after the same positions of the same ids."""
    def score(text, *flags):
        command = [program, "score", "--json", "--top", "0", "--threads", str(threads), "--model", model, *flags]
        return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, input=text).stdout)["tokens"]

    with open(TEXT, "rb") as file:
        rest = file.read()
    tokens = score(rest)
    found = []
    for number, chunk in enumerate(ids):
        own = tokens[number * CHUNK:(number + 1) * CHUNK]
        length = sum(len(token["bytes"] if "bytes" in token else token["text"].encode()) for token in own)
        path = os.path.join(folder, "ours.npy")
        seen = [token["id"] for token in score(rest[:length], "--logprobs", path)]
        if seen != chunk.tolist():
            raise SystemExit(f"Chunk {number} of {TEXT} has other ids alone than in llama.cpp; its border must not cut a piece.")
        found.append(numpy.load(path)[CHUNK // 2:CHUNK - 1])
        rest = rest[length:]
    return numpy.concatenate(found).astype(numpy.float64)


def distance(gold, other, kept):
    """The KL divergence of each row, its mean, 99th percentile and greatest, and how often the first tokens are the same.

    Each token gives p log(p / q) - p + q, which is never negative and sums to the divergence: what the files do not hold
    takes away from the sum, and brings no error of its own.
    """
    gap = numpy.where(kept, gold - other, 0)
    rows = (numpy.where(kept, numpy.exp(gold), 0) * (gap + numpy.expm1(-gap))).sum(axis=1)
    return {"mean": float(rows.mean()), "p99": float(numpy.percentile(rows, 99)), "max": float(rows.max()),
            "top": float((gold.argmax(axis=1) == other.argmax(axis=1)).mean())}


def compare(program, peers, model, gold_model, threads):
    """Both engines' distances from float32."""
    perplexity = os.path.join(peers, "native/bin/llama-perplexity")
    with tempfile.TemporaryDirectory(dir=peers) as folder:
        path = os.path.join(folder, "saved")
        exact = ("-ctk", "f32", "-ctv", "f32", "-fa", "off")
        ids, gold, held = saved(perplexity, gold_model, path, threads, exact)
        _, theirs, also = saved(perplexity, model, path, threads)
        ours = scored(program, model, ids, threads, folder)
    kept = held & also
    return {"positions": len(gold), "outside": 1 - float(numpy.where(kept, numpy.exp(gold), 0).sum(axis=1).mean()),
            "ours": distance(gold, ours, kept), "theirs": distance(gold, theirs, kept)}
