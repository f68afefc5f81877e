#!/bin/sh
# Checks the running monitoring: `investiq validate`, from anywhere. The checks, their texts and their exit codes are
# its own (docs/validation.md); relative paths count from the clone, as the settings do.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
if [ ! -x .venv/bin/investiq ]; then
    echo "validate.sh: $root/.venv is not made yet: run \`make up\` in $root" >&2
    exit 2
fi
exec .venv/bin/investiq validate "$@"
