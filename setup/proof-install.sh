#!/usr/bin/env bash
# setup/proof-install.sh [IMAGE]: `investiq install` on a Debian that systemd runs, in a container (needs Docker).
#
# Installed, upgraded, killed in the middle, rolled back from a version that does not start, backed up, removed.
# WHEELHOUSE is a folder with the wheels of requirements/runtime.txt for the image's Python; DOCKER_RUN_ARGS goes to
# `docker run`, as in setup/proof-fresh.sh.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

image=${1:-debian:12}
folder=$(mktemp -d)
container=investiq-proof-install-$$
leave() {
    docker rm -f "$container" >/dev/null 2>&1 || true
    rm -rf "$folder"
}
trap leave EXIT
setup/wheel.sh "$folder" >/dev/null
cp requirements/runtime.txt setup/proof-install-inside.sh "$folder/"
read -ra run_args <<<"${DOCKER_RUN_ARGS-}"
if [[ -n ${WHEELHOUSE-} ]]; then run_args+=(--volume "$(realpath "$WHEELHOUSE"):/wheelhouse:ro"); fi

printf '== %s\n' "$image"
# systemd mounts what it confines services with, and hands over credentials by a mount that all of the system must see.
docker run --detach --name "$container" --cap-add SYS_ADMIN --security-opt seccomp=unconfined \
    --security-opt apparmor=unconfined --cgroupns=host --volume /sys/fs/cgroup:/sys/fs/cgroup:rw \
    --tmpfs /run --tmpfs /run/lock --volume "$folder:/given:ro" "${run_args[@]}" "$image" \
    bash -c 'bash /given/proof-install-inside.sh prepare && mount --make-rshared / && exec /sbin/init' >/dev/null
docker exec "$container" bash /given/proof-install-inside.sh prove "${WHEELHOUSE:+/wheelhouse}" || {
    docker logs "$container" 2>&1 | tail -n 5
    exit 1
}
echo "proof-install: passed"
