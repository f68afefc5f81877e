#!/usr/bin/env bash
# setup/python.sh runtime|load|dev|bench: makes .venv hold the pinned packages and the project itself.
#
# For bench that is .venv-bench: the peers of the benchmarks never reach what is run and tested.
# Silent, and starts no Python, when it already does. PYTHON names another interpreter than python3.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=setup/say.sh
. setup/say.sh

venv=.venv
case ${1-} in
    runtime) locks=(runtime) ;;
    load) locks=(runtime load) ;; # what `investiq load` runs besides
    dev) locks=(runtime load dev) ;; # the dev lock holds the others
    bench) locks=(bench) venv=.venv-bench ;;
    *) echo "usage: setup/python.sh runtime|load|dev|bench" >&2 && exit 2 ;;
esac
lock=$1
stamp=$venv/.investiq-setup # a line for each lock that the environment holds
least="3.11"

# fingerprint LOCK: what the environment depends on. The interpreter is the one behind the links, since an upgrade of the system
# replaces it; the place of the clone counts since the scripts in .venv/bin name it.
fingerprint() {
    local files=(requirements/build.txt requirements/runtime.txt pyproject.toml)
    if [[ $1 != runtime ]]; then files+=("requirements/$1.txt"); fi
    { printf '%s\n' "$PWD" "$(readlink -f $venv/bin/python)" && cat "${files[@]}"; } | sha256sum | sed "s/ .*/ $1/"
}

up_to_date() {
    [[ -x $venv/bin/python && -x $venv/bin/investiq && -f $stamp ]] && grep -qxF "$(fingerprint "$lock")" "$stamp"
}

on_debian() { command -v apt-get >/dev/null; }

# for_root COMMAND: how this user runs it as root.
for_root() {
    if [[ $(id -u) = 0 ]]; then
        echo "$1"
    elif command -v sudo >/dev/null; then
        echo "sudo $1"
    else
        echo "su -c '$1'"
    fi
}

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if "$candidate" -c "import sys; sys.exit(sys.version_info < (${least/./, }))" 2>>"$log"; then
            command -v "$candidate"
            return
        fi
    done
    fail "no Python $least or newer: looked for ${PYTHON:-python3, python3.13, python3.12, python3.11}" \
        "install Python $least or newer, or name yours: make up PYTHON=/path/to/python3"
}

check_python() {
    local python=$1 package
    if "$python" -c "import venv, ensurepip" 2>>"$log"; then return; fi
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if on_debian; then
        fail "$python cannot make virtual environments: Debian keeps that part in a package of its own" \
            "$(for_root "apt-get install $package")"
    fi
    fail "$python cannot make virtual environments (no module ensurepip)" "install its venv and ensurepip modules"
}

# why_rebuild: prints why the environment cannot be used as it is; nothing when it can.
why_rebuild() {
    if [[ ! -e $venv ]]; then
        echo "there is none"
    elif ! $venv/bin/python -c "import sys, pip; sys.exit(sys.version_info < (${least/./, }))" 2>>"$log"; then
        echo "its Python is gone, too old, or has no pip"
    elif ! grep -qF "$PWD/$venv/" $venv/bin/pip; then
        echo "it was made in another place"
    fi
}

make_venv() {
    local python reason
    reason=$(why_rebuild)
    [[ -n $reason ]] || return 0
    if [[ -L $venv ]]; then # `venv --clear` would empty what it leads to
        fail "$venv leads to $(readlink -f $venv), which cannot be used here: $reason" "remove the link $PWD/$venv"
    fi
    if [[ -e $venv && ! -e $venv/pyvenv.cfg ]]; then
        fail "$venv is here, but is no virtual environment" "move $PWD/$venv away"
    fi
    python=$(find_python)
    check_python "$python"
    say "setup: making $venv with $("$python" -V 2>&1) ($reason)"
    "$python" -m venv --clear $venv >>"$log" 2>&1 ||
        fail "$python -m venv did not work: $(tail -n 1 "$log")" "see the log"
}

# Shows pip's many lines as one that counts.
show_pip() {
    local total=$1 count=0 word name
    while read -r word name _; do
        case $word in
            Collecting) count=$((count + 1)) && note "checking $count of $total: ${name%%[=;<>]*}" ;;
            Installing) note "installing them" ;;
            Building) note "building $name" ;;
        esac
    done
    note_done
}

pip_install() {
    local total
    total=$(grep -hoE '^[A-Za-z0-9._-]+==' "requirements/$lock.txt" | sort -u | wc -l)
    $venv/bin/python -m pip --disable-pip-version-check --no-input install --no-compile --progress-bar off "$@" 2>&1 |
        tee -a "$log" | show_pip "$total"
}

# Compiling everything takes pip as long as all the rest, one file after the other. Python compiles what it needs at the
# first import anyway, so the remainder is done in the background, on all processors, while the setup goes on.
compile_in_background() {
    nice -n 10 $venv/bin/python -m compileall -q -j 0 $venv/lib >/dev/null 2>&1 </dev/null 9>&- &
}

explain_pip() {
    if logged "No space left on device"; then
        fail "the disk is full" "free 2 GB under $PWD, then run the same command again"
    elif logged "DO NOT MATCH THE HASHES"; then
        fail "a package is not the one that the lock names (its hash differs)" \
            "check the package index that pip is configured to use; never install it all the same"
    elif logged "name resolution" "NewConnectionError" "ConnectTimeoutError" "Max retries exceeded"; then
        fail "the package index cannot be reached" "check the network or pip's own configuration (pip config list)"
    elif logged "No matching distribution found"; then
        fail "no package for this machine: $($venv/bin/python -V), $(uname -m)" \
            "use Python 3.11, 3.12 or 3.13 on x86_64 or aarch64, e.g. make up PYTHON=python3.13"
    fi
    fail "pip stopped: $(grep -i '^error' "$log" | tail -n 1)" "see the log, then run the same command again"
}

install_all() {
    local count
    count=$(grep -cE '^[A-Za-z0-9._-]+==' "requirements/$lock.txt")
    say "setup: installing $count pinned Python packages into $venv (the first time takes a minute or two)"
    # The build backend comes first and by hash as well: without build isolation nothing unpinned is ever fetched.
    if ! {
        pip_install --require-hashes -r requirements/build.txt &&
            pip_install --require-hashes --no-build-isolation -r "requirements/$lock.txt" &&
            pip_install --no-deps --no-build-isolation --editable .
    }; then explain_pip; fi
    say "setup: Python packages ready after $SECONDS s"
}

main() {
    if up_to_date; then return; fi
    say "setup: preparing Python (log: $log)"
    open_log "setup/python.sh $lock"
    if command -v flock >/dev/null; then
        exec 9<pyproject.toml
        flock 9 # a second `make up` at the same time waits, and then finds the work done
        if up_to_date; then return; fi
    fi
    make_venv
    rm -f "$stamp"
    install_all
    compile_in_background
    for lock in "${locks[@]}"; do fingerprint "$lock"; done >"$stamp"
}

main
