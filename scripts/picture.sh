#!/usr/bin/env bash
# Makes the pictures of docs/ from the running program and the real model. Needs the built program, the model, tmux, python3.
# PROGRAM=PATH takes another binary; KEEP=DIR keeps the captured screens there too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

program=$(realpath -- "${PROGRAM:-.build/release/terrarium}")
server=terrarium-picture-$$
screens=0
scratch=$(mktemp -d)
export LC_ALL=C.UTF-8

for tool in tmux python3; do
    command -v "$tool" >/dev/null || { echo "$tool is missing: apt-get install $tool" >&2; exit 1; }
done
[ -x "$program" ] || { echo "$program is not there: run make build" >&2; exit 1; }

on() { tmux -L "$server" "$@"; }
finish() {
    on kill-server 2>/dev/null || true
    # The program, sent away, keeps its unsaved text in there.
    rm -rf "$scratch" 2>/dev/null || { sleep 1; rm -rf "$scratch"; }
}
trap finish EXIT

# start COLUMNS ROWS FILE: the program in a terminal of 256 colours, with nobody's own settings.
start() {
    on kill-server 2>/dev/null || true
    screens=$((screens + 1))
    server=terrarium-picture-$$-$screens # a server that is going would take the next session with it
    on -f /dev/null new-session -d -x "$1" -y "$2" -e "XDG_CONFIG_HOME=$scratch" -e "XDG_DATA_HOME=$scratch" \
        -e TERM=tmux-256color -e COLORTERM= -e NO_COLOR= "$program" "$3" --color 256
    on set-option -g status off
    on resize-window -x "$1" -y "$2"
    until_shown 'ctx'
    settled
}

keys() { for key in "$@"; do on send-keys "$key"; sleep 0.05; done; }

# until_shown TEXT: waits for a text on the screen; says what was there instead after a minute.
until_shown() {
    for _ in $(seq 600); do
        if on capture-pane -p | grep -qF -- "$1"; then return; fi
        sleep 0.1
    done
    echo "never shown: $1" >&2
    on capture-pane -p >&2
    exit 1
}

# Waits until the screen stays as it is.
settled() {
    local before='' now
    for _ in $(seq 300); do
        sleep 0.4
        now=$(on capture-pane -e -p)
        if [ "$now" = "$before" ]; then return; fi
        before=$now
    done
    echo "the screen does not come to rest" >&2
    exit 1
}

# Where the cursor stands; nothing when it is hidden.
cursor() { on display-message -p '#{?cursor_flag,#{cursor_x}#,#{cursor_y},}'; }

# take NAME TITLE: the screen as docs/NAME.svg.
take() {
    settled
    on capture-pane -e -p >"$scratch/$1.ansi"
    if [ -n "${KEEP:-}" ]; then cp "$scratch/$1.ansi" "$KEEP/"; fi
    python3 scripts/ansi-to-svg.py --title "$2" --cursor "$(cursor)" <"$scratch/$1.ansi" >"$scratch/$1.svg"
    mv "$scratch/$1.svg" "docs/$1.svg"
    echo "==> docs/$1.svg, $(stat -c %s "docs/$1.svg") bytes"
}

# The prompt with the usual sampling instead of the likeliest token, so that it shows what each setting cuts.
sed 's/^temperature: 0$/seed: 1/' prompts/few-shot-translation.md >"$scratch/few-shot-translation.md"

echo "==> The desk"
start 132 36 "$scratch/few-shot-translation.md"
keys C-g
until_shown 'stop text'
settled
keys M-b M-b # before the last word
take screen "Terrarium: a few-shot prompt, the candidates before a token, and where it looks"

echo "==> The map of one head"
start 104 42 prompts/induction.md
keys C-g
until_shown 'max tokens'
settled
keys Tab Tab
keys v z
take attention-map "Terrarium: one attention head over a repeated sequence"
