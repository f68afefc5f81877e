"""`python -m investiq.operate.supervise.daemon GIVEN [PART ...]`: the supervisor of `investiq up --detach`.

GIVEN is the fingerprint of what `up` was given to configure it. The parts named are left down when they crash. The
configuration is read as every part reads it.
"""

from __future__ import annotations

import asyncio
import sys

from investiq.foundation.config import Config, load
from investiq.foundation.errors import InvestIQError
from investiq.operate.supervise.launch import supervised
from investiq.operate.supervise.logs import ERROR

__all__ = ["main"]


def main(given: str, *no_restart: str) -> int:
    """Supervise until stopped; the exit code is 1 when the stack could not start."""
    try:
        return asyncio.run(_supervise(load().config, no_restart, given or None))
    except InvestIQError as error:
        print(f"{ERROR}{error.message}", file=sys.stderr)  # noqa: T201  into supervisor.log, where the front looks
        return 1


async def _supervise(config: Config, no_restart: tuple[str, ...], given: str | None) -> int:
    async with supervised(config, no_restart, given) as supervisor:
        failure = await supervisor.run()
    return 0 if failure is None else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
