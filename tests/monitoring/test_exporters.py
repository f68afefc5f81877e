"""The foreign metrics that rules use are those that the real programs expose, in the oldest and the newest version."""

from __future__ import annotations

import pytest

from investiq.foundation.telemetry.catalogue import Kind
from investiq.foundation.telemetry.metrics import Metrics
from investiq.foundation.topology import NODE
from investiq.foundation.vocabulary import Part
from investiq.monitoring.checks.exporters import check_foreign
from investiq.monitoring.exporters import EVERY_JOB, EXTERNAL_METRICS, ExternalMetric
from investiq.monitoring.exporters.expositions import PROGRAMS, parse_exposition, recordings
from investiq.monitoring.exporters.process import MAX_FILES, OPEN_FILES

OLD = """\
# TYPE node_disks gauge
node_disks{device="a"} 1
node_disks{device="b",kind="ssd"} 1
# TYPE node_reads_total counter
node_reads_total 1
# TYPE node_odd untyped
node_odd 1
# TYPE node_empty gauge
"""
RECORDED = {"node": {"1.5": OLD, "1.11": OLD.replace("node_reads_total", "node_read_total")}}


def test_every_foreign_metric_is_in_every_recording_of_its_program() -> None:
    checked = check_foreign(EXTERNAL_METRICS, recordings())
    assert checked.findings == ()
    assert checked.looked_at.startswith(f"{len(EXTERNAL_METRICS)} metrics")


def test_each_program_was_recorded_in_its_oldest_and_its_newest_version() -> None:
    assert {program: len(versions) for program, versions in recordings().items()} == dict.fromkeys(PROGRAMS.values(), 2)


@pytest.mark.parametrize(
    ("metric", "what"),
    [
        (ExternalMetric("node_disk", Kind.GAUGE, (NODE.job,)), "node 1.11 does not expose node_disk"),
        (ExternalMetric("node_empty", Kind.GAUGE, (NODE.job,)), "node 1.11 does not expose node_empty"),
        (ExternalMetric("node_reads_total", Kind.COUNTER, (NODE.job,)), "node 1.11 does not expose node_reads_total"),
        (ExternalMetric("node_disks", Kind.COUNTER, (NODE.job,)), "node 1.11 calls node_disks a gauge, not a counter"),
        (ExternalMetric("node_disks", Kind.GAUGE, (NODE.job,), ("kind",)), "node_disks of node 1.11 has no label kind"),
        (ExternalMetric("up", Kind.GAUGE, EVERY_JOB), "there is no recording of scrape"),
    ],
)
def test_what_no_program_exposes_is_found(metric: ExternalMetric, what: str) -> None:
    assert what in [finding.what for finding in check_foreign([metric], RECORDED).findings]


@pytest.mark.parametrize(
    "metric",
    [
        ExternalMetric("node_disks", Kind.GAUGE, (NODE.job,), ("device",), added=("service",)),
        ExternalMetric("node_odd", Kind.COUNTER, (NODE.job,)),
    ],
)
def test_what_they_expose_passes_and_an_untyped_one_is_what_we_say(metric: ExternalMetric) -> None:
    assert check_foreign([metric], RECORDED).findings == ()


def test_a_label_counts_only_when_every_sample_has_it() -> None:
    assert parse_exposition(OLD)["node_disks"].labels == {"device"}


def test_a_histogram_and_what_has_no_sample_are_not_there_under_their_own_names() -> None:
    parts = 'x_bucket{le="1"} 1\nx_bucket{le="+Inf"} 1\nx_sum 1\nx_count 1\n'
    assert parse_exposition(f"# TYPE x histogram\n{parts}# TYPE y gauge\n") == {}


def test_a_counter_keeps_the_name_that_its_program_gives_it() -> None:
    text = "# TYPE x_total counter\nx_total 1\n# TYPE y counter\ny 1\n# TYPE z gauge\nz 1\n"
    assert set(parse_exposition(text)) == {"x_total", "y", "z"}


@pytest.mark.parametrize("part", Part)
def test_our_own_processes_tell_of_their_files_too(part: Part) -> None:
    exposed = {family.name for family in Metrics(part).registry.collect()}
    assert {OPEN_FILES.name, MAX_FILES.name} <= exposed
    assert part.value in OPEN_FILES.emitters
