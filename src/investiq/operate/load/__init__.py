"""Load tests: Locust's users, what they measured, and what Prometheus saw of the same run."""

from investiq.operate.load.kept import KeptReport, kept_reports, last_report

__all__ = ["KeptReport", "kept_reports", "last_report"]
