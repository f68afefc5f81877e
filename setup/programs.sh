#!/usr/bin/env bash
# setup/programs.sh runtime|dev: installs the programs that are missing, from Debian's packages.
#
# Silent when all are there, however they came to be installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=setup/say.sh
. setup/say.sh

purpose=${1:?usage: setup/programs.sh runtime|dev}
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin # a user's PATH may lack them

# Debian package | where other systems get it
runtime_packages="
prometheus|https://prometheus.io/download/
prometheus-alertmanager|https://prometheus.io/download/#alertmanager
prometheus-blackbox-exporter|https://prometheus.io/download/#blackbox_exporter
prometheus-node-exporter|https://prometheus.io/download/#node_exporter
nginx|https://nginx.org/en/download.html
prometheus-nginx-exporter|https://github.com/nginx/nginx-prometheus-exporter/releases
restic|https://restic.net/
curl|https://curl.se/download.html
libgomp1|GCC's OpenMP library, libgomp.so.1, which LightGBM needs
"
dev_packages="
mkcert|https://github.com/FiloSottile/mkcert/releases
nmap|https://nmap.org/download
wrk|https://github.com/wg/wrk
postgresql|https://www.postgresql.org/download/
chromium|https://www.chromium.org/getting-involved/download-chromium/
libatomic1|GCC's library of atomic operations, libatomic.so.1, which Playwright's driver needs
"

have() { command -v "$1" >/dev/null; }
have_any() {
    local program
    for program in "$@"; do
        if have "$program"; then return 0; fi
    done
    return 1
}
have_file() { compgen -G "$1" >/dev/null; }

# present PACKAGE: true if what it brings is here, from this package or from elsewhere.
present() {
    case $1 in
        prometheus) have prometheus && have promtool ;;
        prometheus-alertmanager) have_any prometheus-alertmanager alertmanager ;;
        prometheus-blackbox-exporter) have_any prometheus-blackbox-exporter blackbox_exporter ;;
        prometheus-node-exporter) have_any prometheus-node-exporter node_exporter ;;
        prometheus-nginx-exporter) have_any prometheus-nginx-exporter nginx-prometheus-exporter ;;
        libgomp1) have_file '/usr/lib*/libgomp.so.1' || have_file '/usr/lib/*/libgomp.so.1' ;;
        libatomic1) have_file '/usr/lib*/libatomic.so.1' || have_file '/usr/lib/*/libatomic.so.1' ;;
        postgresql) have initdb || have_file '/usr/lib/postgresql/*/bin/initdb' ;;
        chromium) have_any chromium chromium-browser google-chrome ;;
        *) have "$1" ;;
    esac
}

# missing: the packages that this machine needs for the purpose, one a line.
missing() {
    local package
    while IFS='|' read -r package _; do
        if [[ -n $package ]] && ! present "$package"; then echo "$package"; fi
    done <<<"$runtime_packages$([[ $purpose = runtime ]] || printf '%s' "$dev_packages")"
}

# Where there is no apt: say what is missing and where it is, since nothing else can be done here.
refuse_other_system() {
    local package source
    for package in "$@"; do
        source=$(grep -F "$package|" <<<"$runtime_packages$dev_packages" | cut -d'|' -f2)
        say "  $package: $source"
    done
    fail "programs are missing ($*), and this system has no apt-get" \
        "install them from the addresses above so that they are on the PATH, then run the same command again"
}

# as_root COMMAND...: with sudo where needed. Without a terminal nobody could type a password.
as_root() {
    if [[ $(id -u) = 0 ]]; then
        "$@"
    elif have sudo && { [[ -t 0 ]] || sudo -n true 2>>"$log"; }; then
        sudo "$@"
    else
        return 126
    fi
}

explain_apt() {
    local fix="see the log, then run the same command again"
    if logged "No space left on device" "enough free space"; then
        fix="free 2 GB of disk, then run the same command again"
    elif logged "Temporary failure resolving" "Could not connect" "Could not resolve"; then
        fix="check the network and /etc/apt/sources.list.d, then run the same command again"
    elif logged "Unable to locate package" "no installation candidate"; then
        fix="enable Debian's section main (on Ubuntu: universe) in /etc/apt, then run the same command again"
    elif logged "dpkg was interrupted" "Unmet dependencies"; then
        fix="repair the package system first: apt-get --fix-broken install"
    fi
    fail "apt-get could not install $*: $(grep -a '^E: ' "$log" | tail -n 1 || true)" "$fix"
}

install() {
    local code=0
    as_root bash setup/debian.sh "$@" >>"$log" || code=$?
    case $code in
        0) ;;
        126) fail "programs are missing ($*), and installing them needs root" \
            "su -c 'bash $PWD/setup/debian.sh $*'" ;;
        130 | 143) exit "$code" ;;
        *) explain_apt "$@" ;;
    esac
}

main() {
    local packages=() package
    mapfile -t packages < <(missing)
    [[ ${#packages[@]} -gt 0 ]] || return 0
    open_log "setup/programs.sh $purpose"
    have apt-get || refuse_other_system "${packages[@]}"

    # Ubuntu has Chromium only as a snap, which a script should not force on a machine; only browser tests need it.
    if [[ " ${packages[*]} " = *" chromium "* ]] && grep -qs '^ID=ubuntu' /etc/os-release; then
        say "setup: no Chromium, so browser tests cannot run. On Ubuntu it is a snap: snap install chromium"
        mapfile -t packages < <(printf '%s\n' "${packages[@]}" | grep -vx chromium)
        [[ ${#packages[@]} -gt 0 ]] || return 0
    fi

    say "setup: installing Debian packages: ${packages[*]} (log: $log)"
    install "${packages[@]}"
    for package in "${packages[@]}"; do
        present "$package" || fail "$package is installed, but its program is not on the PATH ($PATH)" "see the log"
    done
    say "setup: programs ready after $SECONDS s"
}

main
