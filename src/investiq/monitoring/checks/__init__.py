"""The checks of the monitoring, each pure: documents in, findings out. Reading and running is `stack.validate`'s."""

from investiq.foundation.findings import Checked, Finding

__all__ = ["Checked", "Finding"]
