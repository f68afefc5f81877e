"""What is wrong with a certificate: what nginx would not start with, and what browsers would refuse.

A browser's verdict is had by a handshake in memory, which trusts the file itself: who signed it is another question.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path

__all__ = ["pair_fault", "refused_by_browsers"]

_MISMATCH = "KEY_VALUES_MISMATCH"


def pair_fault(certificate: Path, key: Path) -> str:
    """Why no server can use the two; nothing where one can."""
    try:
        _server(certificate, key)
    except ssl.SSLError as error:
        if error.reason == _MISMATCH:
            return f"the key {key} belongs to another certificate than {certificate}"
        return f"{certificate} and {key} are no certificate and key in PEM ({error.reason or error})"
    except ValueError:
        return f"the key {key} asks for a password, which nobody types when nginx starts: keep it without one"
    except OSError as error:
        return f"{error.filename or certificate} cannot be read by this user: {error.strerror}"
    return ""


def refused_by_browsers(certificate: Path, key: Path, names: Sequence[str]) -> Iterator[str]:
    """Why a browser would not open these names with it: too old, too new, or of other names."""
    server = _server(certificate, key)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    client.load_verify_locations(cafile=str(certificate))
    said = dict.fromkeys(_refusal(server, client, name) for name in names)
    yield from (f"browsers refuse {certificate}: {why}" for why in said if why)


def _refusal(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> str:
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    serving = server.wrap_bio(to_server, to_client, server_side=True)
    asking = client.wrap_bio(to_client, to_server, server_hostname=name)
    try:
        for end in (asking, serving, asking):
            _go_on(end)
    except ssl.SSLCertVerificationError as error:
        return error.verify_message.rstrip(".")
    return ""


def _go_on(end: ssl.SSLObject) -> None:
    with contextlib.suppress(ssl.SSLWantReadError):  # it is the other one's turn
        end.do_handshake()


def _server(certificate: Path, key: Path) -> ssl.SSLContext:
    """
    Raises:
        ssl.SSLError: they do not belong together, or are none.
        ValueError: the key asks for a password.
        OSError: they cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key, password=_no_password)
    return context


def _no_password() -> str:
    raise ValueError("a key with a password")
