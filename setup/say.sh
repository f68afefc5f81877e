# shellcheck shell=bash
# How the setup speaks. Progress goes to stderr at once; everything the tools say goes to the log; a failure ends with
# cause, fix and the log's place, in that order, so that they are the last thing on the screen.

log=$PWD/.investiq/logs/setup.log

say() { printf '%s\n' "$*" >&2; }

# note TEXT: a line of progress that the next one replaces on a terminal, and that other outputs do not get.
note() { [[ ! -t 2 ]] || printf '\r\033[K  %s' "$*" >&2; }
note_done() { [[ ! -t 2 ]] || printf '\r\033[K' >&2; }

# fail CAUSE FIX: ends the script.
fail() {
    note_done
    say ""
    say "InvestIQ is not set up."
    say "  cause: $1"
    say "  fix:   $2"
    say "  log:   $log"
    exit 1
}

# open_log: starts this run's part of the log.
open_log() {
    if ! { mkdir -p "${log%/*}" && : >>"$log"; }; then
        say "cannot write $log: is the folder owned by another user?"
        exit 1
    fi
    printf '\n== %s %s\n' "$(date -u +%FT%TZ)" "$*" >>"$log"
    log_start=$(wc -c <"$log")
}

# logged TEXT...: true if this run's part of the log holds any of the texts.
logged() {
    local text
    for text in "$@"; do
        if tail -c "+$((log_start + 1))" "$log" | grep -qF -- "$text"; then return 0; fi
    done
    return 1
}
