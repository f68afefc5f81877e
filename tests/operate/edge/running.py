"""nginx itself, started with a folder that was written for it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ["LOG", "NGINX", "listens", "needs_nginx", "nginx_in"]

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin") or ""
LOG = "output.log"

needs_nginx = pytest.mark.skipif(not NGINX, reason="nginx is not installed")


@contextmanager
def nginx_in(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """nginx with the files of `folder`, listening on `port`; what it says is in `LOG` there."""
    command = [NGINX, "-p", f"{folder}/", "-c", str(folder / "nginx.conf"), "-e", "stderr"]
    with (folder / LOG).open("wb") as log:
        started = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 10
        while not listens(port):
            assert started.poll() is None, (folder / LOG).read_text()
            assert time.monotonic() < deadline, f"nginx does not listen on {port}"
            time.sleep(0.02)
        yield started
    finally:
        started.terminate()
        started.wait(10)


def listens(port: int) -> bool:
    """Whether somebody takes connections at that port."""
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0
