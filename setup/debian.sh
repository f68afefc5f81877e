#!/usr/bin/env bash
# setup/debian.sh PACKAGE...: as root, installs Debian packages without starting their services.
#
# Debian starts a service as soon as it is installed, and these would take the very ports that InvestIQ uses. So the new
# services are denied their start, and disabled for the next boot. Packages that were installed before, and every other
# service, stay as they are. What the tools say goes to standard output, progress to standard error.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=setup/policy.sh
. ./policy.sh

export PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin # `su -c` keeps a user's PATH, which lacks update-rc.d
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
export APT_LISTCHANGES_FRONTEND=none APT_LISTBUGS_FRONTEND=none UCF_FORCE_CONFFOLD=1
export NEEDRESTART_SUSPEND=1 # on Ubuntu it would restart services that have nothing to do with us

# Where services are described; tests have places of their own, and policy.sh lets them set the policy's.
units=${units:-/lib/systemd/system}
scripts=${scripts:-/etc/init.d}
systemd_runs=${systemd_runs:-/run/systemd/system}

say() { printf 'setup: %s\n' "$*" >&2; }

apt() {
    apt-get --yes --quiet --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
        -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@" </dev/null 2>&1
}

installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) = installed ]]; }

# services PACKAGE: the services it brings, as patterns for policy_deny.
services() {
    case $1 in
        postgresql) printf '%s\n' postgresql 'postgresql@*' ;;
        *) printf '%s\n' "$1" ;;
    esac
}

has_service() { [[ -e $units/$1.service || -e $scripts/$1 ]]; }

# disable SERVICE: not started at the next boot.
disable() {
    if [[ -d $systemd_runs ]]; then
        systemctl disable "$1.service" 2>&1 || true
    else
        # Without systemd there may be links for it all the same. The helper insists on the variable.
        DPKG_MAINTSCRIPT_PACKAGE=$1 deb-systemd-helper disable "$1.service" 2>&1 || true
        update-rc.d "$1" disable 2>&1 || true
    fi
}

leave() {
    local service
    for service in "${new_services[@]}"; do
        if has_service "$service"; then disable "$service"; fi
    done
    policy_restore
}

# Package lists may be missing or too old to download from; only then are they fetched, since that takes a while.
download() {
    apt --download-only install "$@" && return
    say "fetching Debian's package lists"
    apt update && apt --download-only install "$@"
}

main() {
    local package packages=()
    new_services=()
    for package in "$@"; do
        if installed "$package"; then continue; fi
        packages+=("$package")
        mapfile -t -O "${#new_services[@]}" new_services < <(services "$package")
    done
    [[ ${#packages[@]} -gt 0 ]] || return 0

    say "downloading ${packages[*]}"
    download "${packages[@]}"

    exec 8</var/lib/dpkg && flock 8 # one setup at a time changes the policy
    # Signals are only noted, and obeyed after this step: no package stays half configured. (An `exit` in their traps
    # would cut the EXIT trap short at its first `return`: bash 5.2.)
    local stopped=0
    trap 'stopped=130' INT
    trap 'stopped=143' TERM HUP
    trap leave EXIT
    policy_deny "${new_services[@]}"
    say "installing them; their services are neither started nor enabled"
    (trap '' INT HUP TERM && apt install "${packages[@]}" 8<&-)
    exit "$stopped"
}

main "$@"
