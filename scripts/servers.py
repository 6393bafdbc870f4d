"""Terrarium against real servers on this machine; scripts/test-servers.sh builds and calls. Ends with 1 where something does not hold."""
import argparse, http.server, json, os, socket, subprocess, sys, tempfile, threading, time, urllib.error, urllib.request

PROMPTS = [
    "The capital of France is", "Once upon a time, there was a little", "def fibonacci(n):\n", "Water boils at", "The three primary colours are",
    "Dear Sir or Madam,\n\nI am writing to", "Question: What is the largest planet?\nAnswer:", "In the year 1492,", "To make a cup of tea, first",
    "The cat sat on the mat and the dog",
]
TEXTS = [PROMPTS[1] + " girl who lived by the sea with her old grandfather", "Two plus two is four, and three plus three is six", "Rain fell on the tin roof all night long"]
PAIRS = [("France", "Paris"), ("Italy", "Rome"), ("Japan", "Tokyo"), ("Spain", "Madrid"), ("Germany", "Berlin"), ("Russia", "Moscow"), ("Egypt", "Cairo"), ("Norway", "Oslo")]
EXPERIMENT = "kind: completion\npool:\n" + "".join(f"  - {{land: {a}, city: {b}}}\n" for a, b in PAIRS[:4]) + "test:\n" + "".join(f"  - {{land: {a}, city: {b}}}\n" for a, b in PAIRS[4:]) \
    + 'example: "The capital of {{land}} is {{city}}."\nquery: "The capital of {{land}} is"\nanswer: " {{city}}"\nshots: [0, 2]\nseeds: 2\nstop: ["."]\nmax_tokens: 8\n'
PROGRAM = os.path.abspath(".build/release/terrarium")

def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]

class Running:
    """A process that is stopped by its id whatever happens, and what it said."""
    def __init__(self, command, env=None):
        self.log = tempfile.NamedTemporaryFile(prefix="terrarium-server-", suffix=".log", delete=False)
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})})
    def __enter__(self): return self
    def __exit__(self, *_):
        self.process.terminate()
        try: self.process.wait(10)
        except subprocess.TimeoutExpired: self.process.kill(); self.process.wait()
        os.unlink(self.log.name)
    def wait(self, answers):
        for _ in range(600):
            if self.process.poll() is not None: break
            if answers(): return self
            time.sleep(0.1)
        with open(self.log.name) as f: print(f.read()[-3000:], file=sys.stderr)
        sys.exit("a server did not start; above is what it said")
    def wait_for(self, port): return self.wait(lambda: serves(port))

def serves(port):
    try: return "data" in json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models", timeout=1))
    except (OSError, ValueError): return False

def listens(port):
    with socket.socket() as s: return s.connect_ex(("127.0.0.1", port)) == 0

def run(config, *arguments, env={}):
    made = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, env={**os.environ, "XDG_CONFIG_HOME": config, **env}, timeout=600)
    if made.returncode: sys.exit(f"terrarium {' '.join(arguments[:4])} failed: {made.stderr}")
    return made.stdout

def connect(config, port):
    os.makedirs(f"{config}/terrarium", exist_ok=True)
    with open(f"{config}/terrarium/connections.yaml", "w") as f:
        f.write(f"- name: here\n  url: http://127.0.0.1:{port}\n- name: far\n  url: http://model.invalid:{port}\n  insecure: true\n")

def proxied(config, port, failures):
    """A name that nobody knows is asked for by the proxy of the environment, which knows it; without the proxy it is not found."""
    asked = []
    class Proxy(http.server.BaseHTTPRequestHandler):
        def forward(self):
            asked.append(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = urllib.request.Request(self.path.replace("model.invalid", "127.0.0.1"), data=body or None, headers={"Content-Type": "application/json"})
            try: answer = urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request)
            except urllib.error.HTTPError as error: answer = error
            data = answer.read()
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        do_GET = do_POST = forward
        def log_message(self, *_): pass
    proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    text = ["generate", "--server", "far", "--temperature", "0", "--max-tokens", "8", "--prompt", PROMPTS[0]]
    there = run(config, *text, env={"http_proxy": f"http://127.0.0.1:{proxy.server_address[1]}"})
    proxy.shutdown()
    here = run(config, *text[:2], "here", *text[3:])
    print(f"by the proxy of the environment: {len(asked)} questions, and the text is {'the same' if here == there else 'another'}")
    if here != there or not asked or not all(a.startswith(f"http://model.invalid:{port}/v1/") for a in asked): failures.append(f"the proxy: {asked[:3]}, {there!r}")
    alone = subprocess.run([PROGRAM, *text], capture_output=True, text=True, env={**os.environ, "XDG_CONFIG_HOME": config})
    if alone.returncode == 0: failures.append("a name that nobody knows was found without the proxy")

def sweeps(config, model, failures):
    """An experiment with written answers, here and there."""
    with open(f"{config}/capitals.yaml", "w") as f: f.write(EXPERIMENT)
    here, there = (json.loads(run(config, "experiment", f"{config}/capitals.yaml", "--json", *where))["cells"] for where in (["--model", model], ["--server", "here"]))
    print(f"an experiment: {[c['correct'] for c in there]} right there, {[c['correct'] for c in here]} here")
    if [c["correct"] for c in here] != [c["correct"] for c in there]: failures.append("an experiment says something else there")

def greedy(config, prompt, *where):
    lines = [json.loads(l) for l in run(config, "generate", *where, "--temperature", "0", "--max-tokens", "64", "--json", "--prompt", prompt).splitlines()]
    return "".join(t["text"] for t in lines if "text" in t), lines[-1]["done"]

def same_texts(config, name, model, failures):
    equal = 0
    for prompt in PROMPTS:
        (here, _), (there, end) = greedy(config, prompt, "--model", model), greedy(config, prompt, "--server", "here")
        if end == "cut": failures.append(f"{name}: {prompt!r} was cut")
        equal += here == there
    print(f"{name}: {equal} of {len(PROMPTS)} greedy texts of 64 tokens are the local engine's")
    if equal < 8: failures.append(f"{name}: only {equal} texts are equal")

def partings(config, model, failures):
    for prompt in PROMPTS:
        (here, _), (there, _) = greedy(config, prompt, "--model", model), greedy(config, prompt, "--server", "here")
        if here == there: continue
        # Up to the last token of the local text that both have.
        common = ""
        for line in run(config, "generate", "--model", model, "--temperature", "0", "--max-tokens", "64", "--json", "--prompt", prompt).splitlines():
            token = json.loads(line).get("text")
            if token is None or not there.startswith(common + token): break
            common += token
        top = json.loads(run(config, "score", "--model", model, "--top", "2", "--json", "--prompt", prompt + common))["next"]["top"]
        margin = top[0]["logprob"] - top[1]["logprob"]
        print(f"Q4_1: {prompt!r} parts after {len(common)} characters, where the local margin is {margin:.3f} nats")
        if margin >= 0.5: failures.append(f"Q4_1: {prompt!r} parts at a margin of {margin:.3f}")

def scores(config, model, failures):
    """Of texts that begin with the model's first token: of others llama-cpp-python 0.3.36 tells numbers off by one, which must be refused."""
    worst = 0
    for text in TEXTS:
        marked = "<|im_start|>" + text
        there = json.loads(run(config, "score", "--server", "here", "--json", "--prompt", marked))["tokens"]
        here = json.loads(run(config, "score", "--model", model, "--specials", "--json", "--prompt", marked))["tokens"]
        if [t["text"] for t in there] != [t["text"] for t in here]: failures.append(f"scores: other tokens of {text!r}")
        worst = max(worst, max(abs(a["logprob"] - b["logprob"]) for a, b in zip(there[2:], here[2:])))
    print(f"llama-cpp-python: prompt logprobs differ by at most {worst:.4f} nats")
    if worst >= 0.05: failures.append(f"scores differ by {worst:.4f} nats")
    told = subprocess.run([PROGRAM, "score", "--server", "here", "--prompt", TEXTS[0]], capture_output=True, text=True, env={**os.environ, "XDG_CONFIG_HOME": config})
    if told.returncode == 0 or "belong to other tokens" not in told.stderr: failures.append("numbers that are off by one are not refused")

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers", required=True)
    parser.add_argument("--model", required=True)
    options = parser.parse_args()
    binaries, f32, failures = f"{options.peers}/server/bin", f"{options.peers}/models/SmolLM2-135M-Instruct.F32.gguf", []
    def server(port, model, *more): return [f"{binaries}/llama-server", "-m", model, "--host", "127.0.0.1", "--port", str(port), "-c", "4096", "-t", "2", *more]
    with tempfile.TemporaryDirectory() as config:
        port = free_port()
        connect(config, port)
        with Running(server(port, f32)).wait_for(port):
            print(run(config, "servers"), end="")
            same_texts(config, "llama-server F32", f32, failures)
            sweeps(config, f32, failures)
            proxied(config, port, failures)
            told = subprocess.run([PROGRAM, "score", "--server", "here", "--prompt", "Hello there"], capture_output=True, text=True, env={**os.environ, "XDG_CONFIG_HOME": config})
            if told.returncode == 0 or "probabilities of a prompt" not in told.stderr: failures.append("scoring without prompt logprobs is not refused")
        with Running(server(port, options.model)).wait_for(port): partings(config, options.model, failures)
        ports = free_port(), free_port()
        with Running([f"{binaries}/ggml-rpc-server", "-H", "127.0.0.1", "-p", str(ports[0])]) as one, Running([f"{binaries}/ggml-rpc-server", "-H", "127.0.0.1", "-p", str(ports[1])]) as two:
            one.wait(lambda: listens(ports[0]))
            two.wait(lambda: listens(ports[1]))
            with Running(server(port, f32, "--rpc", ",".join(f"127.0.0.1:{p}" for p in ports), "-ngl", "99")).wait_for(port):
                same_texts(config, "llama-server F32 on two RPC workers", f32, failures)
        command = [sys.executable, "-m", "llama_cpp.server", "--model", f32, "--host", "127.0.0.1", "--port", str(port), "--n_ctx", "2048", "--logits_all", "true"]
        with Running(command, {"PYTHONPATH": f"{options.peers}/source", "LLAMA_CPP_LIB_PATH": binaries}).wait_for(port): scores(config, f32, failures)
    for failure in failures: print(f"DOES NOT HOLD: {failure}", file=sys.stderr)
    sys.exit(1 if failures else 0)

if __name__ == "__main__": main()
