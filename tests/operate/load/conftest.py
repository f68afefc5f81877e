"""A strict server for each test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clients.strict import StrictServer, strict


@pytest.fixture
def server() -> Iterator[StrictServer]:
    with strict() as started:
        yield started
