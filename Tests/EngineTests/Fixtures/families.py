"""Tiny random models of every family, and what two other programs say of them.

Writes families/NAME.gguf (float32, seeds fixed) and families.json: ids, the logits of llama.cpp (llama-cpp-python, float32 weights,
float32 cache) after some positions, and those of a numpy pass written here from the papers, which shares nothing with either.
Run: python families.py  (needs numpy, gguf 0.19.0, llama-cpp-python 0.3.36)
"""
import ctypes, json, math, os
import numpy as np, gguf

HERE = os.path.dirname(os.path.abspath(__file__))
D, HIDDEN, CONTEXT, COUNT = 32, 64, 128, 40
BYTES = list(range(0x21, 0x7F)) + list(range(0xA1, 0xAD)) + list(range(0xAE, 0x100))
HIDDENBYTES = [b for b in range(256) if b not in BYTES]
ALPHABET = [chr(b) if b in BYTES else chr(256 + HIDDENBYTES.index(b)) for b in range(256)]

MODELS = {
    "llama": dict(arch="llama", heads=4, kv=2, hw=16, layers=2, untied=True, freqs=True, base=500000.0),
    "llama-linear": dict(arch="llama", heads=2, kv=2, hw=16, layers=2, linear=4.0),
    "gpt2": dict(arch="gpt2", heads=2, kv=2, hw=16, layers=2, fused=True, gated=False, layer=True, biases=True, learned=True, act="gelu"),
    "gpt2-banded": dict(arch="gpt2", heads=2, kv=2, hw=16, layers=4, fused=True, gated=False, layer=True, biases=True, learned=True, act="gelu",
                        window=8, period=2, foreign=False),
    "qwen2": dict(arch="qwen2", heads=2, kv=1, hw=16, layers=2, qkvbias=True, half=True, base=1e6),
    "qwen3": dict(arch="qwen3", heads=4, kv=2, hw=32, layers=2, qknorm=True, half=True, base=1e6),
    "gemma3": dict(arch="gemma3", heads=4, kv=1, hw=32, layers=7, qknorm=True, half=True, base=1e6, local=1e4, window=8, period=6, post=True,
                   scaled=True, act="gelu", pieces=True),
    "gemma": dict(arch="gemma", heads=2, kv=1, hw=16, layers=2, half=True, scaled=True, act="gelu", pieces=True),
    "phi3": dict(arch="phi3", heads=2, kv=1, hw=16, layers=2, fused=True, fusedup=True, half=True, untied=True),
}

def weights(m, rng):
    q, kv = m["heads"] * m["hw"], m["kv"] * m["hw"]
    t = {}
    def matrix(name, rows, cols, gain=0.7): t[name] = (rng.standard_normal((rows, cols)) * gain / math.sqrt(cols)).astype(np.float32)
    def ones(name, n): t[name] = rng.uniform(0.7, 1.3, n).astype(np.float32)
    def bias(name, n): t[name] = (rng.standard_normal(n) * 0.3).astype(np.float32)
    vocab = len(tokens(m))
    t["token_embd.weight"] = (rng.standard_normal((vocab, D)) * 0.05).astype(np.float32)
    if m.get("learned"): t["position_embd.weight"] = (rng.standard_normal((CONTEXT, D)) * 0.2).astype(np.float32)
    if m.get("freqs"): t["rope_freqs.weight"] = np.linspace(1, 8, m["hw"] // 2).astype(np.float32)
    for l in range(m["layers"]):
        b = f"blk.{l}."
        ones(b + "attn_norm.weight", D)
        if m.get("fused"): matrix(b + "attn_qkv.weight", q + 2 * kv, D)
        else:
            matrix(b + "attn_q.weight", q, D); matrix(b + "attn_k.weight", kv, D); matrix(b + "attn_v.weight", kv, D)
        matrix(b + "attn_output.weight", D, q)
        ones(b + "ffn_norm.weight", D)
        if m.get("fusedup"): matrix(b + "ffn_up.weight", 2 * HIDDEN, D)
        else:
            if m.get("gated", True): matrix(b + "ffn_gate.weight", HIDDEN, D)
            matrix(b + "ffn_up.weight", HIDDEN, D)
        matrix(b + "ffn_down.weight", D, HIDDEN)
        if m.get("biases"):
            for name, n in [("attn_norm", D), ("attn_qkv", q + 2 * kv), ("attn_output", D), ("ffn_norm", D), ("ffn_up", HIDDEN), ("ffn_down", D)]:
                bias(b + name + ".bias", n)
        if m.get("qkvbias"):
            for name, n in [("attn_q", q), ("attn_k", kv), ("attn_v", kv)]: bias(b + name + ".bias", n)
        if m.get("qknorm"): ones(b + "attn_q_norm.weight", m["hw"]); ones(b + "attn_k_norm.weight", m["hw"])
        if m.get("post"): ones(b + "post_attention_norm.weight", D); ones(b + "post_ffw_norm.weight", D)
    ones("output_norm.weight", D)
    if m.get("layer"): bias("output_norm.bias", D)
    if m.get("untied"): matrix("output.weight", vocab, D)
    return t

def tokens(m):
    if m.get("pieces"): return ["<pad>", "<eos>", "<bos>", "<unk>"] + [f"<0x{b:02X}>" for b in range(256)] + ["▁", "t", "h", "e", "th", "he", "the", "▁the"]
    return ALPHABET + ["he", "ll", "<|endoftext|>"]

def write(name, m, t):
    path = f"{HERE}/families/{name}.gguf"
    w = gguf.GGUFWriter(path, m["arch"])
    w.add_name("tiny"); w.add_block_count(m["layers"]); w.add_embedding_length(D); w.add_feed_forward_length(HIDDEN); w.add_context_length(CONTEXT)
    w.add_head_count(m["heads"]); w.add_head_count_kv(m["kv"])
    if m.get("layer"): w.add_layer_norm_eps(1e-5)
    else: w.add_layer_norm_rms_eps(1e-6)
    if not m.get("learned"):
        w.add_key_length(m["hw"]); w.add_value_length(m["hw"]); w.add_rope_dimension_count(m["hw"]); w.add_rope_freq_base(m.get("base", 10000.0))
    if m.get("linear"): w.add_string(f"{m['arch']}.rope.scaling.type", "linear"); w.add_float32(f"{m['arch']}.rope.scaling.factor", m["linear"])
    if m.get("window"): w.add_uint32(f"{m['arch']}.attention.sliding_window", m["window"])
    if m.get("window") and m["arch"] != "gemma3": w.add_uint32(f"{m['arch']}.attention.sliding_window_pattern", m["period"])
    words = tokens(m)
    if m.get("pieces"):
        w.add_tokenizer_model("llama"); w.add_tokenizer_pre("default"); w.add_token_list(words)
        w.add_token_scores([0.0] * 260 + [-float(i) for i in range(len(words) - 260)])
        w.add_token_types([3, 3, 3, 2] + [6] * 256 + [1] * (len(words) - 260))
        w.add_bos_token_id(2); w.add_eos_token_id(1); w.add_unk_token_id(3); w.add_add_space_prefix(False)
    else:
        w.add_tokenizer_model("gpt2"); w.add_tokenizer_pre("gpt-2"); w.add_token_list(words); w.add_token_merges(["h e", "l l"])
        w.add_token_types([1] * 258 + [3]); w.add_eos_token_id(258); w.add_bos_token_id(258); w.add_add_bos_token(False)
    for key, value in t.items(): w.add_tensor(key, value)
    w.write_header_to_file(); w.write_kv_data_to_file(); w.write_tensors_to_file(); w.close()
    return path

def numpy_logits(m, t, ids, rounded=True):
    """All positions at once, float64; `rounded`: keys and values in float16, as Terrarium keeps them (llama.cpp is asked for float32)."""
    t = {k: v.astype(np.float64) for k, v in t.items()}
    T, hw, H, KV = len(ids), m["hw"], m["heads"], m["kv"]
    q_rows, kv_rows = H * hw, KV * hw
    def rms(x, w): return x / np.sqrt((x * x).mean(-1, keepdims=True) + np.float64(np.float32(1e-6))) * w
    def norm(x, name):
        if not m.get("layer"): return rms(x, t[name + ".weight"])
        c = x - x.mean(-1, keepdims=True)
        return c / np.sqrt((c * c).mean(-1, keepdims=True) + np.float64(np.float32(1e-5))) * t[name + ".weight"] + t[name + ".bias"]
    def act(x):
        if m.get("act") == "gelu": return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x ** 3)))
        return x / (1 + np.exp(-x))
    def is_local(l): return bool(m.get("window")) and (l % m["period"] != m["period"] - 1)
    def turn(x, l):
        if m.get("learned"): return x
        base = m["local"] if m.get("local") and is_local(l) else m.get("base", 10000.0)
        freq = base ** (-2 * np.arange(hw // 2) / hw) / m.get("linear", 1.0)
        if "rope_freqs.weight" in t: freq = freq / t["rope_freqs.weight"]
        angle = np.arange(T)[:, None, None] * freq
        c, s = np.cos(angle), np.sin(angle)
        out = x.copy()
        a, b = (x[..., :hw // 2], x[..., hw // 2:]) if m.get("half") else (x[..., 0::2], x[..., 1::2])
        if m.get("half"): out[..., :hw // 2], out[..., hw // 2:] = a * c - b * s, a * s + b * c
        else: out[..., 0::2], out[..., 1::2] = a * c - b * s, a * s + b * c
        return out
    x = t["token_embd.weight"][ids]
    if m.get("scaled"): x = x * np.float64(np.sqrt(np.float32(D)))
    if m.get("learned"): x = x + t["position_embd.weight"][:T]
    for l in range(m["layers"]):
        b = f"blk.{l}."
        a = norm(x, b + "attn_norm")
        if m.get("fused"):
            all_ = a @ t[b + "attn_qkv.weight"].T + t.get(b + "attn_qkv.bias", 0)
            q, k, v = all_[:, :q_rows], all_[:, q_rows:q_rows + kv_rows], all_[:, q_rows + kv_rows:]
        else: q, k, v = (a @ t[b + f"attn_{c}.weight"].T + t.get(b + f"attn_{c}.bias", 0) for c in "qkv")
        q, k, v = q.reshape(T, H, hw), k.reshape(T, KV, hw), v.reshape(T, KV, hw)
        if m.get("qknorm"): q, k = rms(q, t[b + "attn_q_norm.weight"]), rms(k, t[b + "attn_k_norm.weight"])
        q, k = turn(q, l), turn(k, l)
        if rounded: k, v = k.astype(np.float16).astype(np.float64), v.astype(np.float16).astype(np.float64)
        z = np.zeros((T, H, hw))
        for h in range(H):
            s = q[:, h] @ k[:, h * KV // H].T / math.sqrt(hw)
            at, key = np.arange(T)[:, None], np.arange(T)[None]
            hidden = key > at
            if is_local(l): hidden = hidden | (at - key >= m["window"])
            s[hidden] = -np.inf
            p = np.exp(s - s.max(-1, keepdims=True)); p /= p.sum(-1, keepdims=True)
            z[:, h] = p @ v[:, h * KV // H]
        o = z.reshape(T, -1) @ t[b + "attn_output.weight"].T + t.get(b + "attn_output.bias", 0)
        x = x + (rms(o, t[b + "post_attention_norm.weight"]) if m.get("post") else o)
        f = norm(x, b + "ffn_norm")
        if m.get("fusedup"):
            both = f @ t[b + "ffn_up.weight"].T
            hid = act(both[:, :HIDDEN]) * both[:, HIDDEN:]
        elif m.get("gated", True): hid = act(f @ t[b + "ffn_gate.weight"].T) * (f @ t[b + "ffn_up.weight"].T)
        else: hid = act(f @ t[b + "ffn_up.weight"].T + t.get(b + "ffn_up.bias", 0))
        o = hid @ t[b + "ffn_down.weight"].T + t.get(b + "ffn_down.bias", 0)
        x = x + (rms(o, t[b + "post_ffw_norm.weight"]) if m.get("post") else o)
    return norm(x, "output_norm") @ t.get("output.weight", t["token_embd.weight"]).T

def foreign_logits(path, ids):
    import llama_cpp
    model = llama_cpp.Llama(model_path=path, n_ctx=CONTEXT, n_batch=64, n_threads=1, logits_all=True, verbose=False, flash_attn=False, type_k=0, type_v=0)
    model.eval(ids)
    return np.array(model.scores[:len(ids)], dtype=np.float64)

if __name__ == "__main__":
    os.makedirs(f"{HERE}/families", exist_ok=True)
    out = {}
    for index, (name, m) in enumerate(MODELS.items()):
        rng = np.random.default_rng(100 + index)
        t = weights(m, rng)
        path = write(name, m, t)
        ids = [int(i) for i in rng.integers(0, len(tokens(m)), COUNT)]
        own = numpy_logits(m, t, ids)
        entry = {"ids": ids, "positions": [0, 7, 20, COUNT - 1]}
        entry["numpy"] = [[round(float(v), 6) for v in own[p]] for p in entry["positions"]]
        if m.get("foreign", True):
            other = foreign_logits(path, ids)
            exact = numpy_logits(m, t, ids, rounded=False)
            print(name, "numpy against llama.cpp:", np.abs(exact - other).max(), "float16 cache:", np.abs(own - exact).max(), "spread:", own.std())
            entry["llama.cpp"] = [[round(float(v), 6) for v in other[p]] for p in entry["positions"]]
        out[name] = entry
    with open(f"{HERE}/families.json", "w") as f: json.dump(out, f, separators=(",", ":"))
