"""What the child process of a run is told, in a file that only its owner may read: a key never stands in a command."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

__all__ = ["VARIABLE", "ChildSettings"]

VARIABLE = "INVESTIQ_LOAD_SETTINGS"
"""Names the file."""


@dataclass(frozen=True, slots=True)
class ChildSettings:
    """What the locustfile needs to know.

    Attributes:
        url: of what is asked, without a final slash.
        key: API key; empty asks without one.
        run: names this run; its idempotency keys begin with it.
        pace: requests a second of each user; 0 asks as fast as it can.
        orders_per_minute: of all users together.
        record: the file to which the record of the run goes.
        orders: the file to which the id of each order goes.
        page_token: what opens Locust's page; empty where there is none.
    """

    url: str
    key: str
    run: str
    pace: float
    orders_per_minute: float
    record: str
    orders: str
    page_token: str = ""

    def write(self, folder: Path) -> Path:
        """Into a new file of `folder`."""
        path = folder / "settings.json"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(self), file)
        return path

    @classmethod
    def read(cls) -> ChildSettings:
        """From the file that the environment names, which goes: whatever ends this process, no key is left of it."""
        path = Path(os.environ[VARIABLE])
        document: dict[str, Any] = json.loads(path.read_text("utf-8"))
        path.unlink()
        return cls(**document)
