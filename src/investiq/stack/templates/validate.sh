#!/bin/sh
# Checks the running monitoring. The checks, their texts and their exit codes are those of `investiq validate`.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
if [ -x "$root/.venv/bin/investiq" ]; then
    exec "$root/.venv/bin/investiq" validate "$@"
fi
exec investiq validate "$@"
