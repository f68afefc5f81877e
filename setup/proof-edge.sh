#!/usr/bin/env bash
# setup/proof-edge.sh [ARGUMENT...]: tests/e2e/proof_edge.py, with sslyze in an environment of its own: of what it needs, we
# have other versions. Further arguments go to pytest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [[ ! -x .venv-proof/bin/sslyze ]]; then
    "${PYTHON:-python3}" -m venv .venv-proof
    .venv-proof/bin/python -m pip --disable-pip-version-check install --quiet 'sslyze==6.3.1'
fi
exec .venv/bin/pytest -q -s tests/e2e/proof_edge.py "$@"
