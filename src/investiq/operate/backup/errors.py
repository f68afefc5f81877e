"""What can go wrong with a backup or a restore."""

from __future__ import annotations

from typing import ClassVar

from investiq.foundation.errors import InvestIQError

__all__ = ["BackupBusy", "BackupFailed", "NoRepository", "RestoreRefused", "UnknownSnapshot", "WrongPassword"]


class BackupFailed(InvestIQError):
    """A backup, a verification or a restore did not come to its end."""

    reason: ClassVar[str] = "backup"


class NoRepository(BackupFailed):
    """There is no repository where one is looked for."""


class WrongPassword(BackupFailed):
    """The repository cannot be opened with the password that there is."""


class UnknownSnapshot(BackupFailed):
    """No snapshot has this name."""

    reason: ClassVar[str] = "usage"


class BackupBusy(InvestIQError):
    """Another backup, verification or restore of this data_dir is at work."""

    reason: ClassVar[str] = "backup_busy"
    retryable: ClassVar[bool] = True


class RestoreRefused(InvestIQError):
    """A restore would replace what is there, or what runs."""

    reason: ClassVar[str] = "restore_refused"
