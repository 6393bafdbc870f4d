"""Tiny random models as Hugging Face's own library writes them, with its logits; and small tokenisers with the ids its library gives.

Writes models/NAME/ (config.json, safetensors), tokenizers/NAME.json and folders.json: ids and float32 logits of transformers (eager
attention; keys and values rounded to float16, as Terrarium keeps them) after some positions; texts and their ids.
Run: python folders.py  (needs torch, transformers 4.57, tokenizers, safetensors; seeds are fixed)
"""
import json, os, shutil, sys
import torch, transformers as tf
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, decoders, trainers, Regex, processors, AddedToken

HERE = os.path.dirname(os.path.abspath(__file__))
VOCAB, COUNT = 96, 40
COMMON = dict(vocab_size=VOCAB, hidden_size=32, intermediate_size=64, num_hidden_layers=2, max_position_embeddings=64, attn_implementation="eager",
              bos_token_id=0, eos_token_id=1, pad_token_id=None)
L3 = dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=32)

MODELS = {
    "llama3": (tf.LlamaConfig(**COMMON, num_attention_heads=2, num_key_value_heads=1, rope_theta=500.0, rope_scaling=L3, attention_bias=True), tf.LlamaForCausalLM, torch.float32, "40KB"),
    "smollm": (tf.LlamaConfig(**COMMON, num_attention_heads=2, num_key_value_heads=1, tie_word_embeddings=True), tf.LlamaForCausalLM, torch.bfloat16, None),
    "mistral": (tf.MistralConfig(**COMMON, num_attention_heads=2, num_key_value_heads=1, sliding_window=8, head_dim=32), tf.MistralForCausalLM, torch.float16, None),
    "gpt2": (tf.GPT2Config(vocab_size=VOCAB, n_embd=32, n_layer=2, n_head=2, n_positions=64, attn_implementation="eager", bos_token_id=1, eos_token_id=1),
             tf.GPT2LMHeadModel, torch.float32, None),
    "qwen2": (tf.Qwen2Config(**COMMON, num_attention_heads=2, num_key_value_heads=1), tf.Qwen2ForCausalLM, torch.float32, None),
    "qwen3": (tf.Qwen3Config(**COMMON, num_attention_heads=2, num_key_value_heads=1, head_dim=32, tie_word_embeddings=True), tf.Qwen3ForCausalLM, torch.float32, None),
    "gemma": (tf.GemmaConfig(**COMMON, num_attention_heads=2, num_key_value_heads=1, head_dim=16), tf.GemmaForCausalLM, torch.float32, None),
    "gemma3": (tf.Gemma3TextConfig(**{**COMMON, "num_hidden_layers": 7}, num_attention_heads=2, num_key_value_heads=1, head_dim=32, sliding_window=8,
                                   query_pre_attn_scalar=32), tf.Gemma3ForCausalLM, torch.float32, None),
    "phi3": (tf.Phi3Config(**COMMON, num_attention_heads=2, num_key_value_heads=2, sliding_window=None), tf.Phi3ForCausalLM, torch.float32, None),
}

def rounded(module):
    plain = module.eager_attention_forward
    def forward(self, query, key, value, *args, **kwargs): return plain(self, query, key.half().float(), value.half().float(), *args, **kwargs)
    module.eager_attention_forward = forward

def model(name, config, cls, dtype, shard):
    torch.manual_seed(sorted(MODELS).index(name))
    m = cls(config).eval()
    with torch.no_grad():
        for key, p in m.named_parameters():
            if p.dim() == 1: p.copy_(p + torch.randn_like(p) * 0.3)
            else: p.copy_(torch.randn_like(p) * (0.05 if "embed" in key or "wte" in key else 0.7 / p.shape[1] ** 0.5))
    m = m.to(dtype)
    folder = f"{HERE}/models/{name}"
    shutil.rmtree(folder, ignore_errors=True)
    m.save_pretrained(folder, **({"max_shard_size": shard} if shard else {}))
    again = cls.from_pretrained(folder, torch_dtype=torch.float32, attn_implementation="eager").eval()
    rounded(sys.modules[cls.__module__])
    ids = torch.randint(0, VOCAB, (1, COUNT), generator=torch.Generator().manual_seed(7))
    with torch.no_grad(): logits = again(ids).logits[0]
    positions = [0, 7, 20, COUNT - 1]
    return {"ids": ids[0].tolist(), "positions": positions, "logits": [[round(v, 6) for v in logits[p].tolist()] for p in positions]}

LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace("{1,3}", "")
BYTELEVEL = {
    "gpt-2": pre_tokenizers.ByteLevel(add_prefix_space=False),
    "smollm": pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]),
    "llama-bpe": pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(LLAMA3), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]),
    "qwen2": pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(QWEN2), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]),
}

def corpus():
    root = os.path.normpath(HERE + "/../../..")
    return [open(f"{root}/{f}", encoding="utf-8").read() for f in ["README.md", "docs/terrarium.1"]]

def byte_level(name, text):
    t = Tokenizer(models.BPE(ignore_merges=name == "llama-bpe"))
    t.pre_tokenizer, t.decoder = BYTELEVEL[name], decoders.ByteLevel()
    t.train_from_iterator(text, trainers.BpeTrainer(vocab_size=700, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    t.add_special_tokens(["<|endoftext|>", "<|im_end|>"])
    t.add_tokens(["<think>"])
    if name == "llama-bpe": t.post_processor = processors.TemplateProcessing(single="<|endoftext|> $A", special_tokens=[("<|endoftext|>", t.token_to_id("<|endoftext|>"))])
    return t

def pieces(name, text):
    """As transformers writes a SentencePiece model: every way to part a token in two is a merge, in the order of the tokens' scores."""
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.Metaspace()
    trained.train_from_iterator(text, trainers.BpeTrainer(vocab_size=500, show_progress=False))
    words = [w for w, _ in sorted(trained.get_vocab().items(), key=lambda e: e[1])]
    words = sorted((w for w in words if len(w) > 1), key=words.index) + [w for w in words if len(w) == 1]
    vocab = {w: i for i, w in enumerate(["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)] + words)}
    merges = []
    for w in words:
        merges += [(w[:i], w[i:]) for i in range(1, len(w)) if w[:i] in vocab and w[i:] in vocab]
    t = Tokenizer(models.BPE(vocab=vocab, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    replace = normalizers.Replace(" ", "▁")
    t.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), replace]) if name == "llama" else replace
    t.add_special_tokens([AddedToken(w, normalized=False, special=True) for w in ["<unk>", "<s>", "</s>"]])
    t.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return t

if __name__ == "__main__":
    out = {"models": {}, "tokenizers": {}}
    for name, (config, cls, dtype, shard) in MODELS.items(): out["models"][name] = model(name, config, cls, dtype, shard)
    with open(f"{HERE}/../../TokenizerTests/Fixtures/vocabularies.json") as f: texts = json.load(f)["texts"]
    out["texts"] = texts = [t for t in texts if t][:300]
    os.makedirs(f"{HERE}/tokenizers", exist_ok=True)
    text = corpus()
    for name in list(BYTELEVEL) + ["llama", "gemma"]:
        t = byte_level(name, text) if name in BYTELEVEL else pieces(name, text)
        t.save(f"{HERE}/tokenizers/{name}.json", pretty=False)
        out["tokenizers"][name] = [t.encode(x, add_special_tokens=False).ids for x in texts]
    with open(f"{HERE}/folders.json", "w") as f: json.dump(out, f, separators=(",", ":"), ensure_ascii=False)
