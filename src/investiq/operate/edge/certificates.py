"""A certificate for a laptop, signed by an authority of its owner's own: by mkcert, which keeps that in their home."""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from investiq.foundation.config import Config, Paths
from investiq.foundation.files import replace_whole
from investiq.foundation.subprocesses import run
from investiq.operate.edge.nginx import EdgeError

__all__ = ["LocalCertificate", "make_certificate"]

_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class LocalCertificate:
    """What was made.

    Attributes:
        names: the hosts that it is good for.
        authority: the certificate of who signed it, which browsers are to trust.
    """

    certificate: Path
    key: Path
    authority: Path
    names: tuple[str, ...]


def make_certificate(config: Config) -> LocalCertificate:
    """Make one for every name of `[edge]`, into the folder of keys; an earlier one is replaced.

    Raises:
        EdgeError: there are no names, the owner has a certificate of their own, or mkcert is missing or fails.
    """
    names, paths = tuple(config.edge.names.values()), Paths.of(config)
    if config.edge.certificate is not None:
        raise EdgeError(f"edge.certificate is {config.edge.certificate} already: remove the setting to have one made")
    if not names:
        raise EdgeError("[edge] has no names yet: set at least console, such as console.investiq.localhost")
    mkcert = shutil.which("mkcert")
    if mkcert is None:
        raise EdgeError("mkcert is not installed: sudo apt-get install mkcert, or github.com/FiloSottile/mkcert")
    paths.keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = paths.keys / f".edge.{secrets.token_hex(8)}"
    certificate, key = draft.with_suffix(".crt"), draft.with_suffix(".key")
    try:
        _mkcert(mkcert, "-cert-file", str(certificate), "-key-file", str(key), *names)
        key.chmod(0o600)
        key.replace(paths.edge_certificate_key)
        certificate.replace(paths.edge_certificate)
    finally:
        certificate.unlink(missing_ok=True)
        key.unlink(missing_ok=True)
    root = Path(_mkcert(mkcert, "-CAROOT").strip()) / "rootCA.pem"
    replace_whole(paths.edge_ca, root.read_text("ascii"), 0o644)
    return LocalCertificate(paths.edge_certificate, paths.edge_certificate_key, paths.edge_ca, names)


def _mkcert(*command: str) -> str:
    done = run(command, _SECONDS, {})
    if not done.succeeded:
        raise EdgeError(f"mkcert failed: {' '.join(done.output.split())[:400]}")
    return done.output
