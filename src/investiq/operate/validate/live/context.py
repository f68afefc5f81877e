"""What a live check gets to know."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from investiq.clients.alertmanager.client import Alertmanager
from investiq.clients.prometheus import Prometheus
from investiq.clients.session import HttpSession
from investiq.foundation.config import Config
from investiq.monitoring.scraping.jobs import jobs

__all__ = ["RESTART", "START", "ValidationContext"]

START = "`investiq status` names what is down; `investiq up PART` starts it"
RESTART = "it runs with the files of another start: `investiq down`, then `investiq up`"


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationContext:
    """The monitoring that is asked.

    Attributes:
        config: says what is to be watched.
        without: scrape jobs whose program this machine does not have.
        here: the monitoring is that of this machine; else nothing but its addresses is known.
        parts: asks the parts of this machine.
    """

    config: Config
    without: Collection[str]
    here: bool
    prometheus: Prometheus
    alertmanager: Alertmanager
    parts: HttpSession

    @property
    def jobs(self) -> set[str]:
        """The scrape jobs that there are to be."""
        return {job.name for job in jobs(self.config)} - set(self.without)
