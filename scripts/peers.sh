# shellcheck shell=bash
# What the scripts share that build llama.cpp into the cache folder: sourced with `what` set to the name of the make target.
# What is there already costs nothing; safe to interrupt and to run again. JOBS=N builds with N compilers at once.

package=llama-cpp-python
version=0.3.36
sha256=832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e

# The XDG rules say that a relative path is to be ignored.
cache=${XDG_CACHE_HOME:-}
[[ $cache = /* ]] || cache=${HOME:?neither XDG_CACHE_HOME nor HOME is set}/.cache
model=$cache/terrarium/models/SmolLM2-135M-Instruct.Q4_1.gguf
peers=$cache/terrarium/peers/$package-$version
archive=$peers/${package//-/_}-$version.tar.gz
source=$peers/source/vendor/llama.cpp
venv=$peers/venv

say() { printf '==> Peers: %s\n' "$*"; }
fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

# quietly NAME COMMAND..: runs a command whose words matter only when it fails.
quietly() {
    local name=$1 log=$peers/$1.log
    shift
    "$@" >"$log" 2>&1 || fail "$(tail -n 20 -- "$log")" "The step $name failed; all it said is in $log." \
        "Once that is mended, run make $what again; what is done stays."
}

tools() {
    [ ! -e "$venv/made" ] || return 0
    command -v python3 >/dev/null || fail "There is no python3; install it (Debian: sudo apt-get install python3-venv)."
    say "cmake, ninja and numpy by pip, into $venv"
    rm -rf -- "$venv"
    quietly venv python3 -m venv "$venv"
    quietly pip "$venv/bin/pip" install --disable-pip-version-check --no-input cmake ninja numpy
    touch "$venv/made"
}

right_hash() { printf '%s  %s\n' "$sha256" "$1" | sha256sum --check --status -; }

unpacked() {
    [ ! -e "$source/CMakeLists.txt" ] || return 0
    if ! { [ -e "$archive" ] && right_hash "$archive"; }; then
        say "the source of $package $version by pip (77 MB)"
        rm -rf -- "$peers/download"
        # The cache would keep a second copy for ever.
        quietly download "$venv/bin/pip" download --disable-pip-version-check --no-input --no-cache-dir --no-deps \
            --no-binary "$package" --dest "$peers/download" "$package==$version"
        right_hash "$peers/download/${archive##*/}" ||
            fail "${archive##*/} is not the one expected (SHA-256 $sha256)." "Run make $what again to fetch it anew."
        mv -- "$peers/download/${archive##*/}" "$archive"
        rm -rf -- "$peers/download"
    fi
    say "unpacking ${archive##*/}"
    rm -rf -- "$peers/source.part"
    mkdir -- "$peers/source.part"
    tar -xzf "$archive" -C "$peers/source.part" --strip-components 1
    mv -T -- "$peers/source.part" "$peers/source"
}

# built NAME TARGETS FLAG..: one build of llama.cpp, in a folder of its own.
built() {
    local folder=$peers/$1 targets=$2
    shift 2
    [ ! -e "$folder/made" ] || return 0
    say "building $folder ($targets; minutes)"
    quietly "${folder##*/}-configure" env PATH="$venv/bin:$PATH" cmake -S "$source" -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=Release \
        -DLLAMA_CURL=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_SERVER=OFF "$@"
    if [[ $* = *NATIVE=OFF* ]] && grep -qi -e '-mavx512' -e '-march=' "$folder/build.ninja"; then
        fail "The build without AVX-512 in $folder has a flag for it; its build.ninja says which."
    fi
    # shellcheck disable=SC2086
    quietly "${folder##*/}-build" env PATH="$venv/bin:$PATH" nice -n 19 cmake --build "$folder" -j "${JOBS:-$(nproc)}" --target $targets
    touch "$folder/made"
}

# quantized TYPE: the default model in another type, made by llama.cpp.
quantized() {
    local file=$peers/models/SmolLM2-135M-Instruct.$1.gguf
    [ ! -e "$file" ] || return 0
    say "making ${file##*/}"
    quietly "quantize-$1" "${quantizer:-$peers/native/bin/llama-quantize}" --allow-requantize "$model" "$file.part" "$1"
    mv -- "$file.part" "$file"
}

