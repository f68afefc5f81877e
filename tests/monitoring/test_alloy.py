"""What Alloy is told: whole, with few labels, and labelled as `investiq logs --query` asks. Alloy itself is not run."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from investiq.foundation import topology
from investiq.foundation.vocabulary import LogLevel
from investiq.monitoring.scraping.alloy import LABELS, METADATA, alloy_configuration
from investiq.operate.logs.filter import LogFilter

TEXT = alloy_configuration(PurePosixPath('/logs/with "quotes"'), "https://loki.example/")


def test_every_bracket_is_closed_and_every_component_is_there() -> None:
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', "", TEXT)
    assert all(bare.count(opened) == bare.count(closed) for opened, closed in ("{}", "[]", "()"))
    blocks = re.findall(r'^([a-z_.]+) "investiq" \{$', TEXT, re.MULTILINE)
    assert blocks == ["local.file_match", "loki.source.file", "loki.process", "loki.write"]
    assert set(re.findall(r"\b([a-z_]+(?:\.[a-z_]+)+)\.(?:receiver|targets)", TEXT)) == {
        f"{block}.investiq" for block in blocks if block != "loki.source.file"
    }


def test_every_part_has_its_file() -> None:
    parts = re.findall(r'"part" = "([a-z_]+)"', TEXT)
    assert sorted(parts) == sorted([*(process.name for process in topology.PROCESSES), "supervisor"])
    assert '"__path__" = "/logs/with \\"quotes\\"/api.log"' in TEXT
    assert 'url = "https://loki.example/loki/api/v1/push"' in TEXT


def test_a_query_asks_for_labels_and_metadata_that_are_there() -> None:
    query = LogFilter(
        parts=["api"], level=LogLevel.ERROR, trace="1", request="2", event="late", subject="api", text="x"
    ).log_ql()
    selector, _, rest = query.partition("}")
    assert set(re.findall(r"(\w+)=", selector)) == set(LABELS)
    assert set(re.findall(r"\| (\w+)=", rest)) == set(METADATA)
