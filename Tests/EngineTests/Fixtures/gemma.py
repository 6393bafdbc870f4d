"""What llama.cpp says of Gemma 3 270M at float32: writes gemma.json.

The Q4_K_M file of scripts/fetch-test-models.sh is dequantised with gguf.quants into a float32 file, which llama.cpp runs with a
float32 cache; so the reference has the file's weights and no rounding of activations.
Run: python gemma.py GEMMA_Q4_K_M SCRATCH_FILE  (needs numpy, gguf 0.19.0, llama-cpp-python 0.3.36)
"""
import json, os, sys
import numpy as np, gguf, llama_cpp

PROMPTS = [
    "The capital of France is",
    "Once upon a time, in a village at the edge of the forest, there lived",
    "def fibonacci(n):\n    ",
    "Water boils at 100 degrees Celsius because",
    "Q: What is 17 + 25?\nA:",
    "Der schnelle braune Fuchs springt über den",
    "東京は日本の",
    "apple, banana, cherry, apple, banana,",
    "The lighthouse keeper had not spoken to anyone for three winters. Every evening he climbed the 214 steps, lit the lamp, wrote one line "
    "into a book bound in blue cloth, and climbed down again. " * 12 + "The lighthouse keeper",
    "<p>Hello</p>\n<p>",
]

def to_float32(source, target):
    reader, writer = gguf.GGUFReader(source), gguf.GGUFWriter(target, "gemma3")
    for key, field in reader.fields.items():
        if key.startswith("GGUF.") or key == "general.architecture": continue
        if field.types[0] == gguf.GGUFValueType.ARRAY: writer.add_array(key, field.contents())
        else: writer.add_key_value(key, field.contents(), field.types[0])
    for tensor in reader.tensors:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        writer.add_tensor(tensor.name, np.ascontiguousarray(values.astype(np.float32)).reshape([int(n) for n in reversed(tensor.shape)]))
    writer.write_header_to_file(); writer.write_kv_data_to_file(); writer.write_tensors_to_file(); writer.close()

if __name__ == "__main__":
    source, scratch = sys.argv[1:]
    if not os.path.exists(scratch): to_float32(source, scratch)
    model = llama_cpp.Llama(model_path=scratch, n_ctx=1024, n_batch=512, n_threads=2, logits_all=True, verbose=False, flash_attn=False, type_k=0, type_v=0)
    out = []
    for text in PROMPTS:
        ids = model.tokenize(text.encode(), add_bos=True, special=False)
        model.reset(); model.eval(ids)
        logits = np.array(model.scores[:len(ids)], dtype=np.float64)
        logprobs = logits - logits.max(-1, keepdims=True)
        logprobs -= np.log(np.exp(logprobs).sum(-1, keepdims=True))
        top = np.argsort(-logprobs[-1], kind="stable")[:20]
        out.append({"text": text, "ids": ids, "logprobs": [round(float(logprobs[i - 1][ids[i]]), 5) for i in range(1, len(ids))],
                    "top": [[int(i), round(float(logprobs[-1][i]), 5)] for i in top]})
        print(len(ids), [model.detokenize([int(i)]) for i in top[:3]])
    with open(os.path.dirname(os.path.abspath(__file__)) + "/gemma.json", "w") as f: json.dump(out, f, separators=(",", ":"))
