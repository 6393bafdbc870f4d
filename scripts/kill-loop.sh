#!/bin/sh
# Kills the playground while it types and generates, and then experiments while they run, 500 times each or as often as the
# first argument says, and looks at what they left each time; the suite does the same six times. TERRARIUM_SEED=N throws the
# same dice again, at other moments.
set -eu
cd "$(dirname "$0")/.."
[ -x .build/release/terrarium ] || { echo "kill-loop.sh: there is no program yet; run 'make test' first" >&2; exit 1; }
export TERRARIUM_KILLS="${1:-500}"
for test in PlaygroundSuite.Durability/kills ExperimentKillTests; do
    swift test -c release --no-color-diagnostics --disable-testable-imports --skip-build --filter "$test"
done
