"""A second network, which sees this machine as another one does."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ["HOST", "ip", "new_namespace"]

HOST, GUEST = "198.18.77.1", "198.18.77.2"


@contextmanager
def new_namespace() -> Iterator[str]:
    """A network namespace that sees this machine at `HOST`."""
    name = f"investiq-{os.getpid()}"
    if os.geteuid() != 0 or not Path("/usr/sbin/ip").exists():
        pytest.skip("only root makes network namespaces, with ip of iproute2")
    made = ip("netns", "add", name)
    if made.returncode != 0:
        pytest.skip(f"no network namespace can be made here: {made.stderr.strip()}")
    try:
        for command in (
            ("link", "add", "iq-host", "type", "veth", "peer", "name", "iq-guest", "netns", name),
            ("addr", "add", f"{HOST}/30", "dev", "iq-host"),
            ("link", "set", "iq-host", "up"),
            ("-n", name, "addr", "add", f"{GUEST}/30", "dev", "iq-guest"),
            ("-n", name, "link", "set", "iq-guest", "up"),
        ):
            done = ip(*command)
            assert done.returncode == 0, done.stderr
        yield name
    finally:
        ip("netns", "del", name)
        ip("link", "del", "iq-host")


def ip(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["/usr/sbin/ip", *arguments], capture_output=True, text=True, check=False)
