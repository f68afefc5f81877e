"""Certificates: which pairs nginx is given, and what browsers refuse; mkcert makes one that they take."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from investiq.foundation.config import Config, Paths
from investiq.foundation.config.schema import EdgeConfig
from investiq.operate.edge.certificate_check import pair_fault, refused_by_browsers
from investiq.operate.edge.certificates import make_certificate
from investiq.operate.edge.nginx import EdgeError
from tests.e2e.edge import certificate, expired_certificate

NAMES = ("console.example.org", "api.example.org")


def refusals(pair: tuple[Path, Path], *names: str) -> list[str]:
    assert pair_fault(*pair) == ""
    return list(refused_by_browsers(*pair, names or NAMES))


def test_a_good_one_is_refused_by_nobody(tmp_path: Path) -> None:
    assert refusals(certificate(tmp_path, *NAMES)) == []


@pytest.mark.parametrize("name", ["console.example.com", "evil.console.example.org"])
def test_browsers_refuse_one_of_other_names(tmp_path: Path, name: str) -> None:
    (why,) = refusals(certificate(tmp_path, *NAMES), NAMES[0], name)
    assert f"not valid for '{name}'" in why


def test_browsers_refuse_one_that_is_over(tmp_path: Path) -> None:
    (why,) = refusals(expired_certificate(tmp_path, *NAMES))
    assert "has expired" in why


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    ours, other = certificate(tmp_path / "a", *NAMES), certificate(tmp_path / "b", *NAMES)
    assert "belongs to another certificate" in pair_fault(ours[0], other[1])


def test_a_key_that_asks_for_a_password_is_refused(tmp_path: Path) -> None:
    pair = certificate(tmp_path, *NAMES)
    locked = tmp_path / "locked.key"
    lock = ["openssl", "ec", "-aes256", "-passout", "pass:secret", "-in", str(pair[1]), "-out", str(locked)]
    subprocess.run(lock, check=True, capture_output=True)
    assert "asks for a password" in pair_fault(pair[0], locked)


@pytest.mark.parametrize("text", ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "\0"])
def test_what_is_no_certificate_is_refused(tmp_path: Path, text: str) -> None:
    pair = certificate(tmp_path, *NAMES)
    pair[0].write_text(text)
    assert "no certificate and key in PEM" in pair_fault(*pair)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    pair = certificate(tmp_path, *NAMES)
    assert "cannot be read by this user" in pair_fault(pair[0], tmp_path / "none.key")


# ---- a laptop's


def laptop(folder: Path, **edge: object) -> Config:
    settings = {"enabled": True, "console": NAMES[0], "api": NAMES[1], **edge}
    return Config(data_dir=folder / "data", edge=EdgeConfig.model_validate(settings))


@pytest.fixture
def _own_authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAROOT", str(tmp_path / "authority"))


@pytest.mark.skipif(shutil.which("mkcert") is None, reason="mkcert is not installed")
@pytest.mark.usefixtures("_own_authority")
def test_mkcert_makes_one_for_every_name_again_and_again(tmp_path: Path) -> None:
    config = laptop(tmp_path)
    first = make_certificate(config)
    assert refusals((first.certificate, first.key)) == []
    kept = first.certificate.read_bytes()
    second = make_certificate(config)
    assert second.certificate.read_bytes() != kept
    assert refusals((second.certificate, second.key)) == []
    assert {path.stat().st_mode & 0o777 for path in (second.key, Paths.of(config).keys)} == {0o600, 0o700}
    assert second.authority.read_text().startswith("-----BEGIN CERTIFICATE-----")
    assert [path.name for path in Paths.of(config).keys.iterdir() if path.name.startswith(".")] == []


def test_an_owners_certificate_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match="remove the setting to have one made"):
        make_certificate(laptop(tmp_path, certificate=tmp_path / "own.pem", certificate_key=tmp_path / "own.key"))


@pytest.mark.skipif(shutil.which("mkcert") is None, reason="mkcert is not installed")
def test_where_mkcert_fails_the_old_one_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = laptop(tmp_path)
    monkeypatch.setenv("CAROOT", str(tmp_path / "authority"))
    made = make_certificate(config)
    kept = made.certificate.read_bytes()
    monkeypatch.setenv("CAROOT", "/dev/null/none")
    with pytest.raises(EdgeError, match="mkcert failed"):
        make_certificate(config)
    assert made.certificate.read_bytes() == kept
    assert pair_fault(made.certificate, made.key) == ""
