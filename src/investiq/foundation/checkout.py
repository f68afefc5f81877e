"""The clone that this package runs from, where it does: an installed wheel has none, and works without."""

from __future__ import annotations

from pathlib import Path

from investiq.foundation.errors import InvestIQError

__all__ = ["NoCheckout", "checkout", "find_checkout"]


class NoCheckout(InvestIQError):
    """Something of the repository is wanted, and InvestIQ is installed without it."""

    reason = "no_checkout"


def find_checkout() -> Path | None:
    """The root of the repository whose `src` holds this package; None for an installed one."""
    package = Path(__file__).resolve().parents[1]
    root = package.parents[1]
    is_clone = package.parent.name == "src" and (root / "pyproject.toml").is_file() and (root / "monitoring").is_dir()
    return root if is_clone else None


def checkout() -> Path:
    """The root of the repository that this package runs from.

    Raises:
        NoCheckout: the package was installed without it.
    """
    root = find_checkout()
    if root is None:
        where = Path(__file__).resolve().parents[1]
        raise NoCheckout(f"{where} is installed without its repository: run this from a clone of InvestIQ")
    return root
