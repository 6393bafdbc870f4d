#!/usr/bin/env bash
# Tries the built program inside tmux, in a real shell: what stands on the screen, Ctrl-Z and fg, the way out.
# Skips where there is no tmux. TERRARIUM_BINARY names another program than the one built here.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! command -v tmux >/dev/null; then
    echo "test-tmux: skipped, there is no tmux here"
    exit 0
fi
program=${TERRARIUM_BINARY:-$PWD/.build/release/terrarium}
model=${XDG_CACHE_HOME:-$HOME/.cache}/terrarium/models/SmolLM2-135M-Instruct.Q4_1.gguf
[ -x "$program" ] || { echo "test-tmux: run make build first" >&2; exit 1; }
[ -f "$model" ] || { echo "test-tmux: run make model first" >&2; exit 1; }

room=$(mktemp -d)
mux() { tmux -S "$room/socket" -f /dev/null "$@"; }
trap 'mux kill-server 2>/dev/null || true; rm -rf -- "$room"' EXIT
mkdir -p "$room/cache/terrarium/models" "$room/data/terrarium/prompts"
ln -s -- "$model" "$room/cache/terrarium/models/"
printf -- '---\ntemperature: 0\nmax_tokens: 8\n---\nThe capital of France is\n' >"$room/france.md"
export XDG_CACHE_HOME=$room/cache XDG_DATA_HOME=$room/data XDG_CONFIG_HOME=$room/config
unset TERRARIUM_MODEL NO_COLOR TMUX

screen() { mux capture-pane -p; }
keys() { mux send-keys "$@"; }
fail() {
    printf 'test-tmux: %s\n' "$1" >&2
    screen >&2 || true
    exit 1
}
until_shows() { # until_shows WORDS: waits for them, 15 s at most
    for _ in {1..300}; do
        if [[ $(screen) == *"$1"* ]]; then return 0; fi
        sleep 0.05
    done
    fail "does not show: $1"
}
quiet_screen() { # what stands there once nothing changes any more
    local last now
    now=$(screen)
    for _ in {1..100}; do
        last=$now
        sleep 0.3
        now=$(screen)
        [ "$now" != "$last" ] || break
    done
    printf '%s\n' "$now"
}

mux new-session -d -x 80 -y 24 "env PS1='ready> ' bash --norc --noprofile -i"
until_shows 'ready>'
keys "stty -a >$room/before; clear" Enter
keys "'$program' $room/france.md" Enter
until_shows '8192'
for words in 'The capital of France is' 'Document' 'Candidates' '␣Paris' 'surprisal' '^G generate' 'temp 0'; do until_shows "$words"; done
[ "$(mux display-message -p '#{alternate_on}')" = 1 ] || fail "the alternate screen is not on"

keys C-g
until_shows 'France is Paris'
before=$(quiet_screen)
keys C-z
until_shows 'Stopped'
[ "$(mux display-message -p '#{alternate_on} #{cursor_flag} #{mouse_any_flag}')" = "0 1 0" ] || fail "the shell's screen is not as it was"
# The quotes keep the command itself from being taken for its output.
keys "clear; stty -a >$room/stopped; jobs; echo lis''ted" Enter
until_shows 'listed'
cmp -s "$room/before" "$room/stopped" || fail "the shell's terminal is not as it was: $(diff "$room/before" "$room/stopped")"

keys "fg" Enter
until_shows 'France is Paris'
until_shows '^G generate'
after=$(quiet_screen)
[ "$before" = "$after" ] || fail "fg shows another screen: $(diff <(echo "$before") <(echo "$after"))"

mux resize-window -x 130 -y 40
until_shows 'Attention'
mux resize-window -x 80 -y 24
after=$(quiet_screen)
[ "$before" = "$after" ] || fail "after two sizes there is another screen: $(diff <(echo "$before") <(echo "$after"))"

keys C-q
until_shows 'unsaved changes'
keys D
for _ in {1..100}; do
    [ "$(mux display-message -p '#{alternate_on}')" = 1 ] || break
    sleep 0.05
done
keys 'echo left with $?' Enter
until_shows 'left with 0'
[ "$(mux display-message -p '#{alternate_on} #{cursor_flag} #{mouse_any_flag}')" = "0 1 0" ] || fail "the screen is not given back"
keys "stty -a >$room/after; echo com''pared" Enter
until_shows 'compared'
cmp -s "$room/before" "$room/after" || fail "the terminal is not given back: $(diff "$room/before" "$room/after")"
echo "test-tmux: all cases hold"
