#!/usr/bin/env bash
# Tries Terrarium against real servers: llama.cpp's, alone and with two RPC workers, and llama-cpp-python's, on the default model.
# Builds them once into the cache folder (8 minutes on 2 cores), starts each on a free port and stops it by its process id.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
what=test-servers
# shellcheck source=scripts/peers.sh
. scripts/peers.sh

[ -e "$model" ] || fail "There is no model at $model; run make model."
[ -x .build/release/terrarium ] || fail "There is no .build/release/terrarium; run make build."
mkdir -p -- "$peers/models"
if command -v flock >/dev/null; then
    exec 9<"$peers"
    flock 9
fi
tools
unpacked
built server "llama-server ggml-rpc-server llama-quantize" -DGGML_NATIVE=ON -DGGML_RPC=ON -DLLAMA_BUILD_SERVER=ON -DBUILD_SHARED_LIBS=ON -DLLAMA_OPENSSL=OFF
quantizer=$peers/server/bin/llama-quantize quantized F32
if [ ! -e "$venv/serves" ]; then
    say "what llama-cpp-python's server needs, by pip"
    quietly pip-server "$venv/bin/pip" install --disable-pip-version-check --no-input fastapi uvicorn sse-starlette starlette-context \
        pydantic-settings PyYAML diskcache jinja2 typing-extensions
    touch "$venv/serves"
fi
exec "$venv/bin/python3" -B scripts/servers.py --peers "$peers" --model "$model" "$@"
