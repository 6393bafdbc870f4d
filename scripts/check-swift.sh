#!/usr/bin/env bash
# check-swift.sh VERSION: succeeds when a Swift of at least VERSION is on PATH, says what to do otherwise.
set -euo pipefail

wanted=$1
remedy="Terrarium is built with Swift $wanted or newer. Install it as https://www.swift.org/install/linux says,
open a new shell so that 'swift --version' answers, and run make again."

if ! command -v swift >/dev/null; then
    printf 'Swift is not on your PATH.\n%s\n' "$remedy" >&2
    exit 1
fi
if ! answer=$(swift --version 2>&1); then
    printf "'swift --version' fails:\n%s\n%s\n" "$answer" "$remedy" >&2
    exit 1
fi
found=$(printf '%s\n' "$answer" | sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' | head -n 1)
oldest=$(printf '%s\n' "$wanted" "${found:-0}" | sort -V | head -n 1)
if [ "$oldest" != "$wanted" ]; then
    printf 'This is Swift %s.\n%s\n' "${found:-of an unknown version}" "$remedy" >&2
    exit 1
fi
printf '==> Swift %s: fine\n' "$found"
