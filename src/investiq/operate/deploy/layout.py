"""Where an installed InvestIQ lies on a server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["BACKUP", "SERVICE", "USER", "Layout"]

USER = "investiq"
"""Who runs it; the account is systemd-sysusers' to make."""
SERVICE = "investiq.service"
BACKUP = ("investiq-backup.service", "investiq-backup.timer")


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders of an installation, all below `prefix`; `/` is the server itself."""

    prefix: Path

    @property
    def is_system(self) -> bool:
        return self.prefix == Path("/")

    @property
    def program(self) -> Path:
        return self.prefix / "opt/investiq"

    @property
    def versions(self) -> Path:
        return self.program / "versions"

    @property
    def current(self) -> Path:
        """A link to the version that runs: to change it is to switch."""
        return self.program / "current"

    @property
    def previous(self) -> Path:
        """A link to the version that ran before."""
        return self.program / "previous"

    @property
    def lock(self) -> Path:
        return self.program / "lock"

    @property
    def journal(self) -> Path:
        """What an upgrade that is under way would put back."""
        return self.program / "upgrade.json"

    @property
    def units(self) -> Path:
        return self.prefix / "etc/systemd/system"

    @property
    def sysusers(self) -> Path:
        return self.prefix / "etc/sysusers.d/investiq.conf"

    @property
    def tmpfiles(self) -> Path:
        return self.prefix / "etc/tmpfiles.d/investiq.conf"

    @property
    def command(self) -> Path:
        """`investiq` as an administrator types it."""
        return self.prefix / "usr/local/bin/investiq"

    @property
    def configuration(self) -> Path:
        return self.prefix / "etc/investiq"

    @property
    def config_file(self) -> Path:
        return self.configuration / "investiq.toml"

    @property
    def credentials(self) -> Path:
        """A file for each secret, which root alone can read; systemd hands them over."""
        return self.configuration / "credentials"

    @property
    def state(self) -> Path:
        """The home of `USER`. Data lie in a folder of it, so that backups and old data have their place beside it."""
        return self.prefix / "var/lib/investiq"

    @property
    def data(self) -> Path:
        return self.state / "data"

    @property
    def kept_ledger(self) -> Path:
        """The ledger as it was before the last upgrade."""
        return self.state / "before-upgrade" / "ledger.db"
