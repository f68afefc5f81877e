#!/usr/bin/env bash
# setup/proof-fresh.sh [IMAGE...]: `make up` in bare containers that hold the commit checked out here, and nothing else.
#
# Default images: debian:12 (Python 3.11) and debian:13 (Python 3.13). DOCKER_RUN_ARGS goes to `docker run`; on machines
# behind a proxy or a mirror it is the place for their settings: DOCKER_RUN_ARGS="--network host -e PIP_INDEX_URL".
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

[[ $# -gt 0 ]] || set -- debian:12 debian:13
if ! docker version >/dev/null 2>&1; then
    echo "proof-fresh: no Docker engine answers. Install docker.io and start it, or set DOCKER_HOST." >&2
    exit 1
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
git bundle create --quiet "$folder/investiq.bundle" HEAD
cp setup/proof-inside.sh "$folder/"
read -ra run_args <<<"${DOCKER_RUN_ARGS-}"

for image in "$@"; do
    echo "== $image"
    docker run --rm --init --volume "$folder:/given:ro" "${run_args[@]}" "$image" bash /given/proof-inside.sh
done
