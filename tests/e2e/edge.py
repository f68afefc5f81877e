"""A stack with the edge in front, and how it is asked from outside: by name, over TLS, as a program or a browser."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import trustme

from tests.e2e.stack import Stack
from tests.e2e.walk import NAMES
from tests.ports import free_ports

__all__ = [
    "AUTHORITY",
    "NAMES",
    "Outside",
    "authority_of",
    "certificate",
    "edge_settings",
    "expired_certificate",
    "keys_of",
]

AUTHORITY = "edge-ca.crt"

_SETTINGS = {"web": "CONSOLE", "api": "API", "prometheus": "PROMETHEUS", "alertmanager": "ALERTMANAGER"}


def certificate(folder: Path, *names: str, days: int = 90) -> tuple[Path, Path]:
    """A certificate of that many days, and its key; who signed it is beside it, as `AUTHORITY`."""
    folder.mkdir(parents=True, exist_ok=True)
    made, signer = (folder / "edge.crt", folder / "edge.key"), (folder / AUTHORITY, folder / "edge-ca.key")
    if not signer[0].exists():
        _openssl(signer, 365, "/CN=authority of the tests", "keyUsage=critical,keyCertSign")
    names_of = f"subjectAltName={','.join(f'DNS:{name}' for name in names)}"
    leaf = (names_of, "basicConstraints=critical,CA:FALSE", "extendedKeyUsage=serverAuth")
    _openssl(made, days, "/CN=InvestIQ", *leaf, signer=("-CA", str(signer[0]), "-CAkey", str(signer[1])))
    return made


def expired_certificate(folder: Path, *names: str) -> tuple[Path, Path]:
    """One that was over a day ago, and its key."""
    folder.mkdir(parents=True, exist_ok=True)
    over = datetime.now(UTC) - timedelta(days=1)
    leaf = trustme.CA().issue_cert(*names, not_before=over - timedelta(days=90), not_after=over)
    made = folder / "edge.crt", folder / "edge.key"
    made[0].write_bytes(leaf.cert_chain_pems[0].bytes())
    made[1].write_bytes(leaf.private_key_pem.bytes())
    made[1].chmod(0o600)
    return made


def _openssl(made: tuple[Path, Path], days: int, subject: str, *extensions: str, signer: Sequence[str] = ()) -> None:
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(made[1]))
    said = (argument for extension in extensions for argument in ("-addext", extension))
    command = ["openssl", "req", "-x509", *key, "-days", str(days), "-subj", subject, *said, *signer]
    subprocess.run([*command, "-out", str(made[0])], check=True, capture_output=True)
    made[1].chmod(0o600)


def edge_settings(folder: Path, host: str = "127.0.0.1", **further: str) -> dict[str, str]:
    """The variables under which a stack has the edge."""
    made = certificate(folder, *NAMES.values())
    port, status, exporter = free_ports(3)
    return {
        "INVESTIQ_EDGE_ENABLED": "true",
        "INVESTIQ_EDGE_HOST": host,
        "INVESTIQ_EDGE_PORT": str(port),
        "INVESTIQ_EDGE_STATUS_PORT": str(status),
        "INVESTIQ_MONITORING_NGINX_EXPORTER_PORT": str(exporter),
        "INVESTIQ_EDGE_CERTIFICATE": str(made[0]),
        "INVESTIQ_EDGE_CERTIFICATE_KEY": str(made[1]),
        # A table of doors is a crowd.
        "INVESTIQ_EDGE_REQUESTS_PER_SECOND": "10000",
        "INVESTIQ_API_REQUESTS_PER_MINUTE": "1000000",
        **{f"INVESTIQ_EDGE_{setting}": NAMES[server] for server, setting in _SETTINGS.items()},
        **further,
    }


def authority_of(stack: Stack) -> str:
    """The file of who signed its certificate."""
    return str(Path(stack.settings["INVESTIQ_EDGE_CERTIFICATE"]).with_name(AUTHORITY))


def keys_of(stack: Stack) -> dict[str, str]:
    """A key of each scope, and one that is wrong."""
    made = {
        scope: stack.investiq("keys", "create", "--name", scope, "--scope", scope).out.strip()
        for scope in ("read", "trade", "admin")
    }
    return {"wrong": "iq_" + "x" * 43, **made}


@dataclass
class Outside:
    """Asks the edge of a stack as somebody who knows its names does."""

    stack: Stack
    address: str = "127.0.0.1"

    def __post_init__(self) -> None:
        settings = self.stack.settings
        self.port = int(settings["INVESTIQ_EDGE_PORT"])
        trusted = ssl.create_default_context(cafile=authority_of(self.stack))
        self.client = httpx2.Client(verify=trusted, timeout=10, trust_env=False)
        self.cookies: dict[str, dict[str, str]] = {}
        self.stack.ports |= {
            "edge": int(settings["INVESTIQ_EDGE_STATUS_PORT"]),
            "nginx_exporter": int(settings["INVESTIQ_MONITORING_NGINX_EXPORTER_PORT"]),
        }

    def __enter__(self) -> Outside:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def url(self, server: str, path: str = "/") -> str:
        """The address of a page, as its user sees it."""
        return f"https://{NAMES[server]}:{self.port}{path}"

    def ask(
        self,
        server: str,
        method: str = "GET",
        path: str = "/",
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> httpx2.Response:
        """One request; the connection goes to the edge whatever the name resolves to."""
        name = NAMES[server]
        return self.client.request(
            method,
            f"https://{self.address}:{self.port}{path}",
            headers={"Host": f"{name}:{self.port}", **(headers or {})},
            extensions={"sni_hostname": name},
            **options,
        )

    # ---- as a browser: it keeps cookies by host, and follows where it is led

    def browse(self, server: str, path: str = "/", method: str = "GET", **options: Any) -> httpx2.Response:
        """One request with the cookies of that host, which keeps those that come."""
        kept = self.cookies.setdefault(server, {})
        headers = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate", **options.pop("headers", {})}
        if kept:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in kept.items())
        answer = self.ask(server, method, path, headers, **options)
        for cookie in answer.headers.get_list("set-cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            kept[name] = value
        self.client.cookies.clear()
        return answer

    def follow(self, server: str, path: str = "/", most: int = 8) -> tuple[str, httpx2.Response]:
        """Where somebody ends up who opens that page, and what is there."""
        for _ in range(most):
            answer = self.browse(server, path)
            if not answer.is_redirect:
                return f"{server}{path}", answer
            server, path = self.place(answer.headers["location"], server)
        raise AssertionError(f"led on and on, at last to {server}{path}")

    def place(self, location: str, here: str) -> tuple[str, str]:
        """Server and path of an address."""
        if location.startswith("/"):
            return here, location
        for server in NAMES:
            if location.startswith(self.url(server, "/")):
                return server, location.removeprefix(self.url(server, ""))
        raise AssertionError(f"led elsewhere: {location}")

    def log_in(self, key: str) -> None:
        """At the console, with a key."""
        headers = {"Origin": self.url("web", ""), "Sec-Fetch-Mode": "cors"}
        answer = self.browse("web", "/login", "POST", headers=headers, json={"key": key})
        assert answer.status_code == 200, answer.text
