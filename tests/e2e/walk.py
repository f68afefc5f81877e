"""Walks the table of doors through the edge: from here, or as a program in another network namespace.

ip netns exec NAME python -m tests.e2e.walk '{"address": "198.18.77.1", "port": 8443, ...}'
"""

from __future__ import annotations

import json
import ssl
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import httpx2

from investiq.foundation.contract.doors import AT_EDGE, DOORS, Asks, DoorRow, Shown

__all__ = ["FOREIGN", "FORWARDING", "NAMES", "WEBSOCKET", "Walk", "body_of", "is_as_expected", "path_of"]

NAMES = {
    "web": "console.investiq.test",
    "api": "api.investiq.test",
    "prometheus": "prometheus.investiq.test",
    "alertmanager": "alertmanager.investiq.test",
}
NOT_IN = {401, 403, 421, 429, 500, 502, 503, 504}
WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
FORWARDING = {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1", "Forwarded": "for=127.0.0.1"}
FOREIGN = {"Origin": "https://evil.example"}
_PARAMETERS = {
    "{symbol}": "AAPL",
    "{order_id}": "none",
    "{name}": "api",
    "{alert}": "ServiceDown",
    "{subject}": "api",
    "{path}": "charts.js",
    "{package_name}/{fingerprinted_path}": "dash/none.js",
}


def path_of(row: DoorRow) -> str:
    """Its path, with something in the place of each parameter."""
    path = row.path
    for parameter, value in _PARAMETERS.items():
        path = path.replace(parameter, value)
    return path


def body_of(row: DoorRow) -> bytes | None:
    """A body that no route takes: nothing is changed by who gets in."""
    return b'{"no": "such field"}' if row.method == "POST" else None


def is_as_expected(expected: int, answer: httpx2.Response) -> bool:
    """Whether the answer is that status; 0 is any of the program behind the door."""
    return answer.status_code not in NOT_IN if expected == 0 else answer.status_code == expected


@dataclass
class Walk:
    """All rows that the edge has, with each credential and each disturbance.

    Args:
        authority: the certificates to trust.
        keys: of each scope.
    """

    address: str
    port: int
    authority: str
    keys: Mapping[str, str]

    def failures(self) -> Iterator[tuple[bool, str]]:
        """Of each request, whether it was answered as the table says, and what it was."""
        context = ssl.create_default_context(cafile=self.authority)
        with httpx2.Client(verify=context, timeout=10, trust_env=False) as client:
            for row in DOORS:
                if row.edge is not Asks.UNREACHABLE:
                    yield from self._try(client, row)
            yield from self._try_foreign_hosts(client)

    def _try(self, client: httpx2.Client, row: DoorRow) -> Iterator[tuple[bool, str]]:
        own = f"{NAMES[row.server]}:{self.port}"
        for shown in Shown:
            for disturbance in ({}, FORWARDING, WEBSOCKET, FOREIGN):
                headers = {"Host": own, "Origin": f"https://{own}", "Content-Type": "application/json"}
                headers |= {**self._shown(shown), **disturbance}
                answer = client.request(
                    row.method,
                    f"https://{self.address}:{self.port}{path_of(row)}",
                    headers=headers,
                    content=body_of(row),
                    extensions={"sni_hostname": NAMES[row.server]},
                )
                expected = 403 if disturbance is FOREIGN else AT_EDGE[row.edge][shown]
                what = f"{row.server} {row.method} {row.path} {shown} {sorted(disturbance)}: {answer.status_code}"
                yield is_as_expected(expected, answer), what

    def _try_foreign_hosts(self, client: httpx2.Client) -> Iterator[tuple[bool, str]]:
        for server, name in NAMES.items():
            for host in ("evil.example", "127.0.0.1", f"{self.address}:{self.port}", "localhost", f"x{name}"):
                answer = client.get(
                    f"https://{self.address}:{self.port}/",
                    headers={"Host": host, **self._shown(Shown.ADMIN)},
                    extensions={"sni_hostname": name},
                )
                yield answer.status_code == 421, f"{server} as {host}: {answer.status_code}"

    def _shown(self, shown: Shown) -> dict[str, str]:
        return {} if shown is Shown.NONE else {"Authorization": f"Bearer {self.keys[shown]}"}


if __name__ == "__main__":
    answers = list(Walk(**json.loads(sys.argv[1])).failures())
    json.dump({"tried": len(answers), "failures": [what for ok, what in answers if not ok]}, sys.stdout)
