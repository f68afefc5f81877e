#!/usr/bin/env bash
# setup/proof-wheel-inside.sh here|IMAGE GIVEN [WHEELHOUSE]: what proof-wheel.sh runs; GIVEN holds the wheel and runtime.txt.
set -euo pipefail

place=$1 given=$2 wheelhouse=${3-}
scratch=$(mktemp -d)
investiq=$scratch/venv/bin/investiq
unset PYTHONPATH
say() { printf -- '-- %s\n' "$*"; }
broken() { printf -- '-- NOT PROVEN: %s\n' "$*" && exit 1; }

leave() {
    if [[ -d $scratch/empty/.investiq ]]; then (cd "$scratch/empty" && "$investiq" down >/dev/null 2>&1) || true; fi
    rm -rf "$scratch"
}
trap leave EXIT

fresh_machine() { [[ $place != here ]]; }

packages() {
    DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends "$@" >"$scratch/apt.log" 2>&1 || {
        cat "$scratch/apt.log"
        broken "apt-get could not install $*"
    }
}

install_wheel() {
    local pip=("$scratch/venv/bin/python" -m pip install --quiet --disable-pip-version-check)
    python3 -m venv "$scratch/venv"
    if [[ -n $wheelhouse ]]; then pip+=(--no-index --find-links "$wheelhouse"); fi
    "${pip[@]}" --require-hashes -r "$given/runtime.txt"
    "${pip[@]}" --no-index --no-deps "$given"/*.whl
    "$scratch/venv/bin/python" -m pip check
    say "installed: $("$investiq" --version), Python $(python3 -c 'import platform; print(platform.python_version())')"
}

# Without Prometheus and the others it starts, says what is not watched, and names Debian's packages.
without_programs() {
    local code=0
    "$investiq" up --detach >"$scratch/output" 2>&1 || code=$?
    [[ $code = 3 ]] || { cat "$scratch/output"; broken "without programs, up ended with $code"; }
    grep -E 'Not installed' "$scratch/output"
    # What it says to type, as far as this machine has it: no systemd runs here.
    mapfile -t named < <(sed -nE 's/.*--no-install-recommends (.*) && .*/\1/p' "$scratch/output" | head -1 | tr ' ' '\n')
    "$investiq" down >/dev/null 2>&1
    packages "${named[@]}"
    say "without the programs: named; installed as it says"
}

own_ports() {
    local number=24000 name
    for name in API SIGNALS WEB INBOX AGENT MONITORING_{PROMETHEUS,ALERTMANAGER,BLACKBOX,NODE}; do
        export "INVESTIQ_${name}_PORT=$((number++))"
    done
}

all_green() {
    local start=$EPOCHREALTIME
    "$investiq" up --detach >"$scratch/output" 2>&1 || { cat "$scratch/output"; broken "up ended with $?"; }
    grep -E '^  (watched|analysed) ' "$scratch/output" || broken "it did not say that it works"
    say "up to all green: $(awk -v from="$start" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.1f", to - from }') s"
    "$investiq" validate >"$scratch/output" 2>&1 || { cat "$scratch/output"; broken "validate finds something"; }
    "$investiq" validate --offline >"$scratch/output" 2>&1 || { cat "$scratch/output"; broken "validate --offline finds something"; }
    tail -n 1 "$scratch/output"
    "$investiq" down >/dev/null 2>&1 || broken "down ended with $?"
    [[ $(ls -A) = .investiq ]] || broken "it left more than .investiq behind: $(ls -A)"
}

main() {
    if fresh_machine; then
        apt-get -qq update
        packages python3 python3-venv libgomp1
    else
        own_ports
    fi
    install_wheel
    mkdir "$scratch/empty"
    cd "$scratch/empty"
    if fresh_machine; then without_programs && rm -rf .investiq; fi
    all_green
}

main
