from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.serve import type_adapters


@pytest.fixture(scope="session", autouse=True)
def adapters_made_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        type_adapters.make_once(patch)
        yield
