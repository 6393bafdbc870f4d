#!/usr/bin/env bash
# Builds llama.cpp into the cache folder, makes the model's other files with it, and measures both engines in turn.
# What is there already costs nothing; safe to interrupt and to run again. Arguments go to bench-peers.py.
# BUILD_ONLY=1 stops before measuring; JOBS=N builds with N compilers at once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

what=bench-peers
# shellcheck source=scripts/peers.sh
. scripts/peers.sh

[ -e "$model" ] || fail "There is no model at $model; run make model."
mkdir -p -- "$peers/models"
if command -v flock >/dev/null; then # two runs at once would tread on each other's files, and on each other's times
    exec 9<"$peers"
    flock --nonblock 9 || fail "Another make bench-peers is at work in $peers."
fi
tools
unpacked
built native "llama-bench llama-quantize llama-perplexity" -DGGML_NATIVE=ON
if grep -qw avx2 /proc/cpuinfo 2>/dev/null; then
    built avx2 llama-bench -DGGML_NATIVE=OFF -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON -DGGML_BMI2=ON
fi
for type in Q4_0 Q8_0 F16 F32; do quantized "$type"; done
say "all built, in $peers"
[ -z "${BUILD_ONLY:-}" ] || exit 0
exec "$venv/bin/python3" -B scripts/bench-peers.py --peers "$peers" --model "$model" "$@"
