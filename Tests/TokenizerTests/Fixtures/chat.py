"""Conversations as llama.cpp writes them in each known format: writes chat.json.

Run: python chat.py  (needs llama-cpp-python 0.3.36)
"""
import ctypes, json, os
import llama_cpp

# Name here: llama.cpp's name, a text that marks such a template, the model's special tokens.
FORMATS = {
    "ChatML": ("chatml", "{{'<|im_start|>'}}", ["<|im_start|>", "<|im_end|>"]),
    "Llama 3": ("llama3", "{{'<|start_header_id|>'}}", ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]),
    "Gemma": ("gemma", "{{'<start_of_turn>'}}", ["<start_of_turn>", "<end_of_turn>"]),
    "Phi-3": ("phi3", "{{'<|user|>' '<|assistant|>' '<|end|>'}}", ["<|system|>", "<|user|>", "<|assistant|>", "<|end|>"]),
    "Zephyr": ("zephyr", "{{'<|user|>' '<|assistant|>'}}", ["<|endoftext|>"]),
    "Llama 2": ("llama2-sys", "{{'[INST]' '<<SYS>>'}}", ["<s>", "</s>"]),
    "Mistral, first": ("mistral-v1", "{{' [INST] '}}", ["</s>"]),
    "Mistral, third": ("mistral-v3", "{{'[INST] '}}", ["</s>", "[INST]", "[/INST]"]),
    "Mistral, tekken": ("mistral-v3-tekken", "{{\"[INST]\"}}", ["</s>", "[INST]", "[/INST]"]),
}
TURNS = {
    "one": [("user", "Hello?")],
    "system": [("system", "Be brief."), ("user", "Hello?")],
    "more": [("user", "Hello?"), ("assistant", "Hi."), ("user", "And then\nwhat?")],
    "all": [("system", "Be brief."), ("user", "Hello?"), ("assistant", "Hi."), ("user", "What?")],
}

def written(name, turns):
    messages = (llama_cpp.llama_chat_message * len(turns))(*[llama_cpp.llama_chat_message(r.encode(), t.encode()) for r, t in turns])
    room = ctypes.create_string_buffer(4096)
    count = llama_cpp.llama_chat_apply_template(name.encode(), messages, len(turns), True, room, 4096)
    assert count > 0, name
    return room.raw[:count].decode()

if __name__ == "__main__":
    out = [{"name": name, "template": template, "controls": controls,
            "turns": [{"role": r, "text": t} for r, t in turns], "text": written(foreign, turns)}
           for name, (foreign, template, controls) in FORMATS.items() for key, turns in TURNS.items()
           # llama.cpp leaves out the spaces and the mark of beginning that Llama 2's own template has around answers.
           if name != "Llama 2" or key in ("one", "system")]
    with open(os.path.dirname(os.path.abspath(__file__)) + "/chat.json", "w") as f: json.dump(out, f, indent=0)
    for entry in out: print(entry["name"], repr(entry["text"]))
