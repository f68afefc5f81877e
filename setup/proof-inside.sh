#!/usr/bin/env bash
# setup/proof-inside.sh: what proof-fresh.sh runs inside a fresh container, from the clone to the running stack.
set -euo pipefail

up() {
    local start=$SECONDS
    make --no-print-directory up ARGS=--detach
    all_targets_up
    echo "-- every target up $((SECONDS - start)) s after the command"
}

all_targets_up() {
    python3 - <<'PYTHON'
import json, time, urllib.request

for _ in range(60):
    with urllib.request.urlopen("http://localhost:9090/api/v1/targets", timeout=10) as answer:
        targets = json.load(answer)["data"]["activeTargets"]
    if targets and all(target["health"] == "up" for target in targets):
        break
    time.sleep(1)
for target in targets:
    print(f"   {target['labels']['job']:15} {target['health']:8} {target['lastError']}")
raise SystemExit(any(target["health"] != "up" for target in targets))
PYTHON
}

# What a fresh machine is allowed to have, and nothing else.
apt-get -qq update
DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends python3 python3-venv make git >/dev/null 2>&1
git -c init.defaultBranch=main -c advice.detachedHead=false clone --quiet /given/investiq.bundle /investiq
cd /investiq
python3 -V

policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then printf '#!/bin/sh\nexit 0\n' >$policy && chmod 711 $policy; fi
before=$(stat -c %a $policy && sha256sum $policy)

echo "-- the first time"
up
make --no-print-directory status
make --no-print-directory down
echo "-- the second time"
up
make --no-print-directory down

[[ $before = "$(stat -c %a $policy && sha256sum $policy)" ]] || { echo "policy-rc.d was changed" && exit 1; }
enabled=$(find /etc/systemd/system /etc/rc?.d -name '*prometheus*' ! -name 'K*' 2>/dev/null || true)
[[ -z $enabled ]] || { echo "services are enabled: $enabled" && exit 1; }
echo "-- policy-rc.d is as before, and no service of the packages is enabled"
