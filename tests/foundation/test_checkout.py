"""A package knows whether it runs from a clone: folders that only look like one do not count."""

from __future__ import annotations

from pathlib import Path

import pytest

from investiq.foundation import checkout as module
from investiq.foundation.checkout import NoCheckout, checkout, find_checkout


def test_a_clone_is_found_from_wherever_the_command_is_typed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert (checkout() / "src/investiq/foundation/checkout.py").is_file()


@pytest.mark.parametrize("package", ["lib/python3.13/site-packages/investiq", "src/investiq"])
def test_an_installed_package_has_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, package: str) -> None:
    (tmp_path / "pyproject.toml").touch()  # of another project, in whose folder the environment was made
    monkeypatch.setattr(module, "__file__", str(tmp_path / package / "foundation/checkout.py"))
    assert find_checkout() is None
    with pytest.raises(NoCheckout, match="installed without its repository"):
        checkout()
