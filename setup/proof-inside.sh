#!/usr/bin/env bash
# setup/proof-inside.sh root|sudo|taken|sid|test: what proof-fresh.sh runs as root inside a fresh container.
set -euo pipefail

how=$1
clone=/investiq
user=root
services=() # process ids of what ran before
# A policy that lets every package start its service: the setup must prevent that, and put this policy back.
policy=/usr/sbin/policy-rc.d

say() { printf -- '-- %s\n' "$*"; }
broken() { printf -- '-- NOT PROVEN: %s\n' "$*" && exit 1; }

# The commands of the user, in the clone.
run() {
    if [[ $user = root ]]; then
        env -C "$clone" "$@"
    else
        runuser -u "$user" -- env -C "$clone" HOME="/home/$user" "$@"
    fi
}
make_up() { run make --no-print-directory up ARGS=--detach; }

install_packages() {
    DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends "$@" >/tmp/apt.log 2>&1 || {
        cat /tmp/apt.log
        broken "apt-get could not install $*"
    }
}

# up WHEN: brings it up, and measures until Prometheus says that every job is up.
up() {
    local start=$EPOCHREALTIME took
    make_up
    all_jobs_up
    took=$(awk -v from="$start" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.1f", to - from }')
    say "$1: every target up $took s after the command"
}

all_jobs_up() {
    local targets missing
    for _ in {1..240}; do
        targets=$(run .venv/bin/investiq ask prometheus /api/v1/targets) || true
        missing=$(not_up <<<"$targets")
        [[ -n $missing ]] || return 0
        sleep 0.25
    done
    broken "not every job is up: $missing"
}

# not_up < TARGETS: the jobs that are missing or down, one a line.
not_up() {
    python3 -c '
import json, sys

JOBS = {"investiq-api", "signal-models", "frontend", "prometheus", "alertmanager", "blackbox", "node"}
try:
    targets = json.load(sys.stdin)["data"]["activeTargets"]
except ValueError:
    targets = []
health = {target["labels"]["job"]: target["health"] + " " + target["lastError"] for target in targets}
for job in sorted(JOBS | set(health)):
    if not health.get(job, "").startswith("up"):
        print("  ", job, health.get(job, "is not scraped"))
'
}

three_engines_answer() {
    python3 - <<'PYTHON'
import json, urllib.request

with urllib.request.urlopen("http://localhost:3000/api/analyze/AAPL", timeout=10) as answer:
    analysis = json.load(answer)
engines = {name: engine["status"] for name, engine in analysis["engines"].items()}
expected = {name: "ok" for name in ("technical", "quantitative", "signal")}
expected |= {name: "unavailable" for name in ("sentiment", "fundamental")}
print("-- AAPL:", ", ".join(f"{name} {status}" for name, status in engines.items()))
if engines != expected:
    raise SystemExit("-- NOT PROVEN: these are not the engines that should have answered")
PYTHON
}

# processes [PID...]: what runs besides this script, the container's init and those, one a line.
processes() {
    python3 - "$@" <<'PYTHON'
import os, sys
from pathlib import Path

mine, pid = {1, *map(int, sys.argv[1:])}, os.getpid()
while pid > 1:
    mine.add(pid)
    pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
for folder in Path("/proc").glob("[0-9]*"):
    try:
        command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        continue  # it has just ended
    if command and int(folder.name) not in mine:
        print("  ", folder.name, command)
PYTHON
}

# nothing_left [PID...]: no process but those.
nothing_left() {
    local left
    for _ in {1..240}; do # after the first start, compiling goes on in the background for a while
        left=$(processes "$@")
        [[ -n $left ]] || return 0
        sleep 0.25
    done
    broken "processes are left:"$'\n'"$left"
}

# refused PATTERN...: the last output holds them all.
refused() {
    local pattern
    for pattern in "$@"; do
        grep -qE -- "$pattern" /tmp/output || broken "the message does not say: $pattern"
    done
}

# down: stops it, and sees that only what was there before is left.
down() {
    run make --no-print-directory down
    nothing_left "${services[@]}"
}

# A foreign program on a port: named with the setting, left alone, and nothing is started.
port_taken() {
    python3 -m http.server --bind 127.0.0.1 9090 >/tmp/foreign.log 2>&1 &
    local foreign=$!
    until (: </dev/tcp/127.0.0.1/9090) 2>/dev/null; do sleep 0.1; done
    if make_up >/tmp/output 2>&1; then broken "it started beside a program on 9090"; fi
    grep -F 9090 /tmp/output
    refused "port 9090 \(prometheus\) is taken by python3.* \(pid $foreign, user root\)" \
        "monitoring.prometheus_port" INVESTIQ_MONITORING_PROMETHEUS_PORT
    nothing_left "$foreign"
    kill -0 "$foreign" || broken "the foreign program was ended"
    kill "$foreign"
    say "a taken port: named with its program and its setting; nothing was started or stopped"
}

prepare() {
    apt-get -qq update
    install_packages python3 python3-venv make git
    printf '#!/bin/sh\nexit 0\n' >$policy && chmod 711 $policy
    git -c init.defaultBranch=main -c advice.detachedHead=false clone --quiet /given/investiq.bundle $clone
    python3 -V
    "prepare_$how"
    before=$(stat -c %a $policy && sha256sum $policy)
}

prepare_root() { :; }

prepare_test() { :; }

prepare_sudo() {
    user=ann
    useradd --create-home $user
    chown -R $user: $clone
    if make_up >/tmp/output 2>&1; then broken "it started without the programs and without root"; fi
    tail -n 4 /tmp/output
    refused "cause: programs are missing .*needs root" "fix:   su -c 'bash $clone/setup/debian.sh prometheus"
    say "without sudo: refused, with cause and fix"
    install_packages sudo
    echo "$user ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/$user
}

# The service of a package that was installed before: it must survive, and InvestIQ must say what is in its way.
prepare_taken() {
    install_packages prometheus-node-exporter # which starts it, under this policy
    until (: </dev/tcp/127.0.0.1/9100) 2>/dev/null; do sleep 0.1; done
    services=("$(pidof prometheus-node-exporter)")
    if make_up >/tmp/output 2>&1; then broken "it started beside a service on 9100"; fi
    grep -F 9100 /tmp/output
    refused "port 9100 \(node\) is taken by .*prometheus.node.*; monitoring.node_port or .INVESTIQ_MONITORING_NODE_PORT"
    export INVESTIQ_MONITORING_NODE_PORT=9200
}

prepare_sid() {
    local mirror
    # shellcheck disable=SC2016  # apt-get's variable, not the shell's
    mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep -v security | head -n 1)
    echo "deb $mirror sid main" >/etc/apt/sources.list.d/sid.list
    cat >/etc/apt/preferences.d/sid <<'PIN'
Package: *
Pin: release n=sid
Pin-Priority: 100

Package: prometheus prometheus-alertmanager
Pin: release n=sid
Pin-Priority: 900
PIN
    apt-get -qq update
}

versions() {
    local program
    for program in prometheus prometheus-alertmanager prometheus-blackbox-exporter prometheus-node-exporter; do
        $program --version 2>&1 | sed -nE 's/^([a-z_]+), version ([^ ]+) .*/   \1 \2/p'
    done
}

# The programs of this system accept and run the rendered files, and everything that is to be watched is.
validated() {
    run .venv/bin/investiq validate || broken "validate finds something while it runs (exit code $?)"
    run .venv/bin/investiq validate --offline || broken "validate --offline finds something (exit code $?)"
    say "the programs of this system take the rendered files, and validate finds nothing"
}

services_untouched() {
    local enabled ignored=$^
    [[ $before = "$(stat -c %a $policy && sha256sum $policy)" ]] || broken "policy-rc.d was changed"
    if [[ $how = taken ]]; then
        kill -0 "${services[@]}" || broken "the service that was there before was stopped"
        ignored=prometheus-node-exporter
    fi
    enabled=$(find /etc/systemd/system /etc/rc?.d -name '*prometheus*' ! -name 'K*' 2>/dev/null | grep -v "$ignored" || true)
    [[ -z $enabled ]] || broken "services are enabled: $enabled"
    say "policy-rc.d is as before, no service of the packages runs or is enabled, and no process is left"
}

# All tests of the project, as CI runs them.
whole_suite() {
    run env CI=true make --no-print-directory test || broken "make test fails"
    local buses
    mapfile -t buses < <(pidof dbus-daemon | tr ' ' '\n') # Debian starts it when it installs Chromium, which needs it
    nothing_left "${services[@]}" "${buses[@]}"
}

main() {
    prepare
    up "first start, with installing"
    versions
    three_engines_answer
    run make --no-print-directory status
    validated
    up "up while it runs"
    down
    up "second start"
    down
    if [[ $how = root ]]; then port_taken; fi
    if [[ $how = test ]]; then whole_suite; fi
    services_untouched
    [[ -z $(run git status --short) ]] || broken "the clone is not clean: $(run git status --short)"
}

main
