from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.operate.render.rendered_once import rendered_once


@pytest.fixture(scope="package", autouse=True)
def files_rendered_once() -> Iterator[None]:
    with rendered_once():
        yield
