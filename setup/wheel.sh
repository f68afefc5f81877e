#!/usr/bin/env bash
# setup/wheel.sh [FOLDER]: builds the wheel of the commit checked out here into FOLDER (dist), and prints its path.
#
# The same commit gives the same bytes: built from what git has, with git's modes and the commit's time, by the pinned
# setuptools. PYTHON names an interpreter that has it; without one, an environment is made for the build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mkdir -p "${1:-dist}"
into=$(realpath "${1:-dist}")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

python=${PYTHON-}
if [[ -z $python ]]; then
    python3 -m venv "$scratch/venv"
    python=$scratch/venv/bin/python
    "$python" -m pip install --quiet --require-hashes -r requirements/build.txt
fi

if [[ $python = [^/]*/* ]]; then python=$PWD/$python; fi

mkdir "$scratch/source"
git -c tar.umask=0022 archive HEAD pyproject.toml README.md LICENSE src tests/rules | tar -x --no-same-owner -C "$scratch/source"
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
umask 022
cd "$scratch/source"
"$python" -c 'import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])' "$scratch" >"$scratch/log" 2>&1 || {
    cat "$scratch/log" >&2
    exit 1
}
for wheel in "$scratch"/*.whl; do
    mv "$wheel" "$into/"
    echo "$into/${wheel##*/}"
done
