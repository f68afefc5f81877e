"""How the stack is, as the running supervisor finds it: asked by who was given the same configuration as it.

It has loaded by now what it takes to ask every part over HTTP, so that it has answered before a new process could ask.
Where none runs, another one, or one that was given something else, the asking process looks for itself.
"""

from __future__ import annotations

import json
import socket

from investiq.foundation.setting_sources import RUN_FOLDER, Given
from investiq.operate.supervise.control_socket import LINE_LIMIT, socket_path
from investiq.operate.supervise.status import StackReport

__all__ = ["reported"]

_HEARD_SECONDS = 2.0
"""Within which a supervisor that is well says whether it will look."""
_LOOKING_SECONDS = 6.0
"""Within which it has: it waits for two seconds for a part, and for three for the desk."""


def reported(given: Given) -> StackReport | None:
    """What the supervisor finds when it asks every part now; None where no such supervisor answers."""
    request = json.dumps({"do": "report", "given": given.fingerprint}).encode() + b"\n"
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_HEARD_SECONDS)
            with socket_path(given.data_dir / RUN_FOLDER) as path:
                connection.connect(path)
            connection.sendall(request)
            with connection.makefile("rb") as answers:
                if json.loads(answers.readline(LINE_LIMIT)).get("same") is not True:
                    return None
                connection.settimeout(_LOOKING_SECONDS)
                return StackReport.from_json(json.loads(answers.readline(LINE_LIMIT)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
