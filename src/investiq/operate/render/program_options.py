"""Options of the monitoring programs that hold wherever they run."""

from __future__ import annotations

__all__ = ["NO_ORIGIN", "SILENCES_KEPT"]

NO_ORIGIN = "[^\\x00-\\x{10FFFF}]"
"""Matches no text: by default, Prometheus lets the pages of every site read what it answers."""

SILENCES_KEPT = "--data.maintenance-interval=15s"
"""Alertmanager writes silences to the disk this often, and at its end: with its default, one that is killed loses those
of the last quarter of an hour."""
