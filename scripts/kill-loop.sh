#!/bin/sh
# Kills the playground while it types and generates, 500 times or as often as the first argument says, and looks at what it
# left each time; the suite does the same six times. TERRARIUM_SEED=N types the same again, at other moments.
set -eu
cd "$(dirname "$0")/.."
[ -x .build/release/terrarium ] || { echo "kill-loop.sh: there is no program yet; run 'make test' first" >&2; exit 1; }
TERRARIUM_KILLS="${1:-500}" exec swift test -c release --no-color-diagnostics --disable-testable-imports --skip-build \
    --filter 'PlaygroundSuite.Durability/kills'
