#!/usr/bin/env bash
# setup/lock.sh [--upgrade ...]: makes requirements/*.txt from pyproject.toml, for Python 3.11 and newer on every system.
#
# Further arguments go to `uv pip compile`. No index address and no path of this machine gets into the files.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [[ ! -x .venv-lock/bin/uv ]]; then
    "${PYTHON:-python3}" -m venv .venv-lock
fi
.venv-lock/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes -r requirements/uv.txt

build_requires() {
    .venv-lock/bin/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")'
}

# compile OUTPUT ARGUMENT...: standard input goes to uv, for the lists that no file holds.
compile() {
    local output=requirements/$1.txt
    shift
    .venv-lock/bin/uv --no-config pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --output-file "$output" "$@"
    printf '%s: %d packages\n' "$output" "$(grep -cE '^[A-Za-z0-9._-]+==' "$output")"
}

build_requires | compile build - "$@"
compile runtime pyproject.toml --constraint requirements/build.txt "$@"
compile dev pyproject.toml --extra dev --constraint requirements/build.txt --constraint requirements/runtime.txt "$@"
# After dev, which holds all of it: Locust brings pytest, and another one than the tests' would take its place.
compile load pyproject.toml --extra load --constraint requirements/build.txt --constraint requirements/dev.txt "$@"
compile bench pyproject.toml --extra bench --constraint requirements/build.txt --constraint requirements/runtime.txt "$@"
echo "cyclonedx-bom>=7.5" | compile image - --constraint requirements/build.txt "$@" # lists what is in the image while that is built
echo uv | compile uv - "$@"
