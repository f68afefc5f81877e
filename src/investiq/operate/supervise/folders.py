"""The folders of a stack."""

from __future__ import annotations

from investiq.foundation.config import Config, Paths

__all__ = ["make_folders"]


def make_folders(config: Config) -> Paths:
    """Make the folders of the stack, for this user only: they hold the ledger, keys and logs."""
    paths = Paths.of(config)
    for folder in (paths.data_dir, paths.logs, paths.run, paths.prometheus, paths.alertmanager, paths.textfile):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return paths
