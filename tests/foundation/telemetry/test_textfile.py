"""What has no /metrics of its own is told in the form that the node exporter reads."""

from __future__ import annotations

import pytest

from investiq.foundation.telemetry import catalogue
from investiq.foundation.telemetry.textfile import textfile_text


def test_counters_and_gauges_are_told_as_they_are() -> None:
    text = textfile_text({catalogue.EDGE_ANSWERS: {("console", "2xx"): 3.0}, catalogue.BACKUP_MADE: {(): 12.5}})
    assert text.splitlines()[1:3] == [
        "# TYPE investiq_edge_answers_total counter",
        'investiq_edge_answers_total{answer="2xx",door="console"} 3.0',
    ]
    assert text.splitlines()[-1] == "investiq_backup_made_timestamp_seconds 12.5"
    assert "_created" not in text


def test_what_a_process_exposes_itself_is_refused() -> None:
    with pytest.raises(TypeError, match="is no counter or gauge of a file"):
        textfile_text({catalogue.BACKUP_INTERVAL: {(): 1.0}})
