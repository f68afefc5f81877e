#!/usr/bin/env bash
# setup/proof-install-inside.sh prepare|prove [WHEELHOUSE]: what proof-install.sh runs in the container.
set -euo pipefail

say() { printf -- '-- %s\n' "$*"; }
broken() { printf -- '-- NOT PROVEN: %s\n' "$*" && exit 1; }

prepare() {
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends systemd systemd-sysv dbus python3 \
        python3-venv libgomp1 procps restic prometheus prometheus-alertmanager prometheus-blackbox-exporter \
        prometheus-node-exporter >/tmp/apt.log 2>&1
    # As `investiq up` says: their services would take our ports.
    systemctl disable prometheus prometheus-alertmanager prometheus-blackbox-exporter prometheus-node-exporter >/dev/null 2>&1
}

systemd_runs() {
    for _ in {1..600}; do
        if [[ $(systemctl is-system-running 2>/dev/null) =~ running|degraded ]]; then return 0; fi
        sleep 0.5
    done
    broken "systemd does not run"
}

# environment NAME: one with the wheel; NAME alone tells it from the others.
environment() {
    local packages
    if [[ ! -d /root/env ]]; then
        local pip=(/root/env/bin/python -m pip install --quiet --disable-pip-version-check)
        python3 -m venv /root/env
        if [[ -n $wheelhouse ]]; then pip+=(--no-index --find-links "$wheelhouse"); fi
        "${pip[@]}" --require-hashes -r /given/runtime.txt
        "${pip[@]}" --no-index --no-deps /given/*.whl
    fi
    packages=$(echo /root/env/lib/python3*/site-packages)
    rm -rf "$packages"/proof_*.dist-info "$packages/proof_sick.pth"
    mkdir "$packages/proof_$1.dist-info"
    echo "proof_$1.dist-info/RECORD,," >"$packages/proof_$1.dist-info/RECORD"
    if [[ $1 = sick ]]; then
        echo 'import sys; "api" in sys.orig_argv and sys.exit("error: this version is sick")' >"$packages/proof_sick.pth"
    fi
}

install() { /root/env/bin/investiq install; }
runs() { basename "$(readlink -f /opt/investiq/current)"; }
pid() { systemctl show --property=MainPID --value investiq; }
well() {
    [[ $(systemctl is-active investiq) = active ]] || broken "the service is $(systemctl is-active investiq)"
    investiq status >/tmp/status || { cat /tmp/status; broken "not every part is well"; }
}

first() {
    mkdir -p -m 700 /etc/investiq/credentials
    printf 'https://discord.example.org/planted' >/etc/investiq/credentials/notify_discord_webhook_url
    environment one
    install
    well
    grep -q planted /var/lib/investiq/data/monitoring/alertmanager.yml || broken "the credential did not arrive"
    [[ $(stat -c %U:%a /var/lib/investiq) = investiq:700 ]] || broken "/var/lib/investiq is open"
    say "installed: $(runs); a credential has arrived"
    systemd-analyze security investiq.service | tail -n 1
    systemd-analyze security investiq-backup.service | tail -n 1
}

upgrade() {
    local before
    before=$(runs)
    environment two
    install
    well
    [[ $(runs) != "$before" && $(basename "$(readlink -f /opt/investiq/previous)") = "$before" ]] || broken "no upgrade"
    say "upgraded: $(runs)"
}

killed() {
    local before old installer
    before=$(runs) old=$(pid)
    environment three
    /root/env/bin/investiq install >/dev/null 2>&1 &
    installer=$!
    until compgen -G '/opt/investiq/versions/*.partial' >/dev/null; do sleep 0.01; done
    kill -KILL $installer
    wait $installer 2>/dev/null || true
    [[ $(runs) = "$before" && $(pid) = "$old" ]] || broken "a killed installation has changed what runs"
    well
    say "killed while it copied: $before runs on, the same process"
}

sick() {
    local before
    before=$(runs)
    environment sick
    if install >/tmp/sick 2>&1; then broken "a version that does not start was installed"; fi
    grep -q 'runs again' /tmp/sick || { cat /tmp/sick; broken "it does not say what runs"; }
    [[ $(runs) = "$before" ]] || broken "$(runs) is current"
    well
    say "a version that does not start: $before runs again"
}

back() {
    local before
    before=$(basename "$(readlink -f /opt/investiq/previous)")
    investiq install --rollback
    well
    [[ $(runs) = "$before" ]] || broken "rolled back to $(runs)"
    say "rolled back: $(runs)"
}

supervisor_killed() {
    local old
    old=$(pid)
    kill -KILL "$old"
    for _ in {1..240}; do
        if [[ $(systemctl is-active investiq) = active && $(pid) != "$old" ]]; then break; fi
        sleep 0.5
    done
    well
    say "the supervisor got SIGKILL: systemd has started it again"
}

backed_up() {
    systemctl start investiq-backup.service || { journalctl -o cat -n 20 -u investiq-backup; broken "the backup failed"; }
    systemctl list-timers --no-pager | grep -q investiq-backup || broken "the timer does not run"
    say "backed up, and the restore proven: $(investiq backup list | tail -n 1)"
}

removed() {
    investiq install --remove
    [[ ! -e /opt/investiq && ! -e /etc/systemd/system/investiq.service && -e /var/lib/investiq/data/ledger.db ]] || broken "not removed"
    [[ -z $(pgrep -u investiq) ]] || broken "processes are left"
    environment four
    install
    well
    investiq install --remove --purge
    [[ ! -e /var/lib/investiq && ! -e /etc/investiq ]] || broken "not purged"
    say "removed, installed again with its data, purged"
}

prove() {
    systemd_runs
    first
    upgrade
    killed
    sick
    back
    supervisor_killed
    backed_up
    removed
}

wheelhouse=${2-}
"$1"
