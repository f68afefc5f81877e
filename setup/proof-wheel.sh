#!/usr/bin/env bash
# setup/proof-wheel.sh [here|IMAGE]...: the wheel of this commit, installed into an empty environment, run in an empty folder.
#
# `here` (when nothing is said) is this machine, on ports of its own; IMAGE a container that has nothing but its Debian.
# WHEELHOUSE is a folder with the wheels of requirements/runtime.txt, for this Python: then no index is asked.
# DOCKER_RUN_ARGS goes to `docker run`, as in setup/proof-fresh.sh.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

[[ $# -gt 0 ]] || set -- here
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
setup/wheel.sh "$folder" >/dev/null
cp requirements/runtime.txt setup/proof-wheel-inside.sh "$folder/"
read -ra run_args <<<"${DOCKER_RUN_ARGS-}"

for place in "$@"; do
    printf '\n== %s\n' "$place"
    if [[ $place = here ]]; then
        bash "$folder/proof-wheel-inside.sh" here "$folder" "${WHEELHOUSE-}"
    else
        if [[ -n ${WHEELHOUSE-} ]]; then run_args+=(--volume "$(realpath "$WHEELHOUSE"):/wheelhouse:ro"); fi
        docker run --rm --init --volume "$folder:/given:ro" "${run_args[@]}" "$place" \
            bash /given/proof-wheel-inside.sh "$place" /given "${WHEELHOUSE:+/wheelhouse}"
    fi
done
echo "proof-wheel: $# of $# passed"
