"""The process in which Locust runs: its gevent rewrites Python's own modules, and what configures it is ours alone."""

from __future__ import annotations

import os
import sys
from pathlib import Path

LOCUSTFILE = Path(__file__).with_name("locustfile.py")


def main() -> None:
    """Run Locust with the arguments of this process."""
    for name in [name for name in os.environ if name.startswith("LOCUST")]:
        del os.environ[name]  # somebody's own tests are configured by these
    from locust.main import main as run  # noqa: PLC0415  what it patches, it is to patch here alone

    sys.argv = ["locust", "--locustfile", str(LOCUSTFILE), *sys.argv[1:]]
    run()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
