#!/usr/bin/env bash
# setup/proof-inside.sh: what proof-fresh.sh runs inside a fresh container, from the clone to the running stack.
set -euo pipefail

timed() {
    local start=$SECONDS
    "$@"
    echo "-- $* took $((SECONDS - start)) s"
}

# What the issue lets a fresh machine have, and nothing else.
apt-get -qq update
DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends python3 python3-venv make git >/dev/null 2>&1
git -c advice.detachedHead=false clone --quiet /given/investiq.bundle /investiq
cd /investiq
python3 -V

policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then printf '#!/bin/sh\nexit 0\n' >$policy && chmod 711 $policy; fi
before=$(stat -c %a $policy && sha256sum $policy)

timed make --no-print-directory up ARGS=--detach
make --no-print-directory status
python3 - <<'PYTHON'
import json, sys, urllib.request

with urllib.request.urlopen("http://localhost:9090/api/v1/targets", timeout=10) as answer:
    targets = json.load(answer)["data"]["activeTargets"]
for target in targets:
    print(f"   {target['labels']['job']:15} {target['health']}")
sys.exit(not targets or any(target["health"] != "up" for target in targets))
PYTHON
make --no-print-directory down
timed make --no-print-directory up ARGS=--detach
make --no-print-directory down

[[ $before = "$(stat -c %a $policy && sha256sum $policy)" ]] || { echo "policy-rc.d was changed" && exit 1; }
enabled=$(find /etc/systemd/system /etc/rc?.d -name '*prometheus*' ! -name 'K*' 2>/dev/null || true)
[[ -z $enabled ]] || { echo "services are enabled: $enabled" && exit 1; }
echo "-- fresh machine: everything up, policy-rc.d as before, no service of the packages enabled"
