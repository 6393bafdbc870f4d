"""Texts of mixed scripts and the ids that llama.cpp gives them in several vocabularies.

Writes vocabularies.json: texts, and for each vocabulary the ids of each text with special tokens' text read as plain text.
The vocabularies come with llama.cpp's source (models/ggml-vocab-*.gguf), which the PyPI source package llama-cpp-python 0.3.36 holds;
`gemma3` is the file that scripts/fetch-gemma.py makes.
Run: python vocabularies.py FOLDER_OF_VOCABULARIES GEMMA_FILE  (needs llama-cpp-python 0.3.36)
"""
import json, os, random, sys
import llama_cpp

random.seed(20)
WORDS = {
    "latin": "the quick brown Fox isn't HERE, she'll won't I'M they've naïve façade Straße Œuvre čeština żółw İstanbul ſtuff".split(),
    "greek": "Η γλώσσα είναι ζωντανή και ΜΕΓΑΛΗ ώρα".split(),
    "cyrillic": "Съешь ещё этих мягких французских булок ЙЦУКЕН їжак".split(),
    "hebrew": "שלום עולם הַשָּׁמַיִם".split(),
    "arabic": "السلام عليكم كِتَاب ١٢٣٤٥".split(),
    "devanagari": "नमस्ते दुनिया क्षत्रिय १२३".split(),
    "thai": "สวัสดีชาวโลก ๑๒๓".split(),
    "cjk": "你好世界 東京都 漢字かな混じり文 カタカナ ｱｲｳ 안녕하세요 세계 ㄱㄴ".split(),
    "digits": "1 12 123 1234 12345 3.14159 1,000,000 0x1F 2nd ½ ² Ⅷ ٣ 一二三 1e-9".split(),
    "signs": "... !!! ?! -- — “quoted” «quoted» (a) [b] {c} <d> #tag @name a/b a\\b $5 €10 50% x=y; // /* */ `code` ~ ^ | & ' \" ''".split(),
    "emoji": "😀 👩‍👩‍👧 🇩🇪 ❤️ 👍🏽 ☃ ♥ 🤖".split(),
    "code": ["def f(x):\n\treturn x**2", "for (int i=0;i<n;++i){", "<div class=\"a\">", "SELECT * FROM t;", "a_b_c", "camelCaseWord", "HTTPServer2", "\\n"],
    "space": [" ", "  ", "   ", "\t", "\n", "\n\n", "\r\n", " \n", "\n ", "\u00a0", "\u3000", "\t\t", "\n\n\n\n", "\u200b", "\u2028"],
    "special": ["<|im_start|>", "<s>", "</s>", "<bos>", "<|endoftext|>", "<unk>", "<0x0A>", "[INST]", "▁"],
}
ALL = [w for ws in WORDS.values() for w in ws]
# Plain text of special tokens, and U+2581 itself, are read otherwise by llama.cpp in some vocabularies: see the test.
PLAIN = [w for name, ws in WORDS.items() if name != "special" for w in ws]

def texts():
    out = ["", " ", "a", "\n", "Hello, world!", " leading", "trailing ", "  two  spaces  ", "a\n\nb\n", "\t\tindented", "x" * 100, "ab" * 60, " " * 40, "\n" * 40]
    out += PLAIN
    for _ in range(170):
        out.append("".join(random.choice(PLAIN) + random.choice(["", " ", " ", " ", "  ", "\n", ", "]) for _ in range(random.randint(2, 9))))
    while len(out) < 340:
        out.append("".join(chr(random.choice([random.randint(0x20, 0x7E), random.randint(0xA0, 0x24F), random.randint(0x370, 0x5FF), random.randint(0x900, 0xDFF),
                                              random.randint(0x3040, 0x30FF), random.randint(0x4E00, 0x9FFF), random.randint(0x1F600, 0x1F64F)])) for _ in range(random.randint(1, 14))))
    with open(os.path.dirname(os.path.abspath(__file__)) + "/tokens.json") as f: out += [entry["text"] for entry in json.load(f)]
    return list(dict.fromkeys(t for t in out if "▁" not in t))

if __name__ == "__main__":
    folder, gemma = sys.argv[1:]
    files = {name: f"{folder}/ggml-vocab-{name}.gguf" for name in ["gpt-2", "llama-bpe", "qwen2", "llama-spm", "phi-3"]} | {"gemma3": gemma}
    all_texts, ids = texts(), {}
    for name, path in files.items():
        model = llama_cpp.Llama(model_path=path, vocab_only=True, verbose=False)
        ids[name] = [model.tokenize(t.encode(), add_bos=False, special=False) for t in all_texts]
    with open(os.path.dirname(os.path.abspath(__file__)) + "/vocabularies.json", "w") as f:
        json.dump({"texts": all_texts, "ids": ids}, f, ensure_ascii=True, separators=(",", ":"))
    print(len(all_texts), "texts")
