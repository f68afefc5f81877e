#!/usr/bin/env bash
# setup/test-compose.sh: docker-compose.yml in a real engine, from nothing to a page on a phone and back.
#
# Starts a Docker engine where none answers, and ends it afterwards. Takes the official images where a registry answers,
# and else stand-ins of the same names from Debian's packages; the table at the end says which. ARGS go to pytest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=setup/say.sh
. setup/say.sh

folder=$(mktemp -d)
engine=""
export DOCKER_CONFIG=${DOCKER_CONFIG:-$folder/docker} DOCKER_BUILDKIT=${DOCKER_BUILDKIT:-0}

finish() {
    if [[ -n $engine ]]; then
        kill "$engine" && wait "$engine" 2>/dev/null || true
    fi
    rm -rf "$folder"
}
trap finish EXIT

start_engine() {
    if docker version >/dev/null 2>&1; then return; fi
    if ! command -v dockerd >/dev/null; then
        say "test-compose: installing docker.io"
        bash setup/debian.sh docker.io >/dev/null
    fi
    say "test-compose: starting an engine"
    dockerd >"$folder/dockerd.log" 2>&1 &
    engine=$!
    for _ in {1..60}; do
        if docker version >/dev/null 2>&1; then return; fi
        kill -0 "$engine" 2>/dev/null || break
        sleep 0.5
    done
    tail -n 5 "$folder/dockerd.log" >&2
    fail "no Docker engine could be started here" "start one, or set DOCKER_HOST, then run the same command again"
}

# Debian 12 has Compose 1, which cannot read this file; the package of Debian 13 is one static program.
find_compose() {
    if docker compose version >/dev/null 2>&1; then return; fi
    say "test-compose: unpacking Compose 2 of Debian 13"
    docker run --rm --network host --volume "$folder:/out" debian:13 bash -ec \
        'apt-get -qq update && cd /out && apt-get -qq -o APT::Sandbox::User=root download docker-compose' >/dev/null
    dpkg-deb --extract "$folder"/docker-compose_*.deb "$folder/unpacked"
    mkdir -p "$DOCKER_CONFIG/cli-plugins"
    cp "$folder/unpacked/usr/libexec/docker/cli-plugins/docker-compose" "$DOCKER_CONFIG/cli-plugins/"
}

# images: name, target of the stand-in.
images() {
    .venv/bin/python -c '
from investiq.operate.deploy.containers.images import images
for name in ("python", "prometheus", "alertmanager", "blackbox", "node", "grafana"):
    print(name, images()[name].reference)
'
}

: >"$folder/stand-ins"
bring_image() {
    local name=$1 reference=$2
    if [[ ${registry=$(timeout 20 docker pull --quiet "$reference" >/dev/null 2>&1 && echo yes || echo no)} = yes ]]; then
        docker pull --quiet "$reference" >/dev/null
        return
    fi
    echo "$reference" >>"$folder/stand-ins"
    say "test-compose: building a stand-in of $reference"
    docker build --quiet --network host --target "$name" --tag "$reference" "$folder/context" >/dev/null
}

start_engine
find_compose
cp -r setup/stand-ins "$folder/context"
mkdir -p "$folder/context/certificates"
# What this machine trusts besides, as behind a proxy that opens TLS.
cp /etc/ssl/certs/ca-certificates.crt "$folder/context/certificates/machine.crt"
while read -r name reference; do bring_image "$name" "$reference"; done < <(images)

say "test-compose: building our image"
docker build --network host --tag investiq:proof --build-arg VERSION=proof . >"$folder/build.log" 2>&1 || {
    tail -n 20 "$folder/build.log" >&2
    fail "our image could not be built" "see above"
}
COMPOSE_PROOF_STAND_INS="$folder/stand-ins" .venv/bin/pytest -q -s tests/e2e/proof_compose.py "$@"
