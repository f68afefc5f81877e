#!/usr/bin/env bash
# setup/proof-fresh.sh [IMAGE[=HOW]...]: `make up` in bare containers that hold the commit checked out here, and nothing else.
#
# HOW is one of
#   root   as root (when nothing is said)
#   sudo   as a user: refused with a fix while there is no sudo, and then with it
#   taken  on a machine with a service of its own on one of the ports
#   test   as root, with `make test` at the end
#   sid    with the newest Prometheus and Alertmanager, which are those of Debian's sid
#
# DOCKER_RUN_ARGS goes to `docker run`; on machines behind a proxy or a mirror it is the place for their settings:
# DOCKER_RUN_ARGS="--network host -e PIP_INDEX_URL".
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

[[ $# -gt 0 ]] || set -- debian:12 debian:13 debian:12=test debian:13=test debian:12=taken debian:13=sudo debian:13=sid
if ! docker version >/dev/null 2>&1; then
    echo "proof-fresh: no Docker engine answers. Install docker.io and start it, or set DOCKER_HOST." >&2
    exit 1
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
git bundle create --quiet "$folder/investiq.bundle" HEAD
cp setup/proof-inside.sh "$folder/"
read -ra run_args <<<"${DOCKER_RUN_ARGS-}"

for proof in "$@"; do
    image=${proof%=*}
    how=root
    if [[ $proof = *=* ]]; then how=${proof##*=}; fi
    printf '\n== %s, %s\n' "$image" "$how"
    docker run --rm --init --volume "$folder:/given:ro" "${run_args[@]}" "$image" bash /given/proof-inside.sh "$how"
done
echo "proof-fresh: $# of $# passed"
