#!/usr/bin/env bash
# debian-packages.sh NAME..: installs those of the named Debian packages that are missing, and nothing otherwise.
set -euo pipefail

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    printf '==> Not a Debian system: the build needs what Debian calls %s\n' "$*"
    exit 0
fi

# A name may be a package of its own, or be provided by another one (newer releases fold packages together).
installed=$(dpkg-query -W -f='${db:Status-Status}|${Package}, ${Provides}\n' | sed -n 's/^installed|//p' |
    tr ',' '\n' | sed 's/(.*//; s/[[:space:]]//g')
missing=()
for name in "$@"; do
    grep -qxF -- "$name" <<<"$installed" || missing+=("$name")
done
if [ ${#missing[@]} -eq 0 ]; then
    printf '==> Debian packages: all there\n'
    exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        printf 'Missing Debian packages: %s\nThere is no sudo here; as root, run: apt-get update && apt-get install %s\n' \
            "${missing[*]}" "${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi

printf '==> Installing Debian packages: %s\n' "${missing[*]}"
# One broken source in the list must not stop us: the packages may well come from another.
"${as_root[@]}" apt-get update -q || printf 'apt-get update failed; trying to install with the lists there are\n' >&2
if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"; then
    printf 'apt-get could not install %s (its own words are above). Once that is mended, run make again.\n' \
        "${missing[*]}" >&2
    exit 1
fi
