"""Grafana Alloy's configuration: reads the log file of each part and pushes it to Loki, with few labels.

The label `format` says how a line is to be read, and is dropped before anything is sent. Ids, events and subjects
become structured metadata (Loki 3): as labels, each value would be a stream of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from investiq.foundation import topology

__all__ = ["LABELS", "METADATA", "alloy_configuration"]

LABELS = ("job", "part", "level")
METADATA = ("event", "subject", "trace_id", "request_id")

_STAGES = """\
loki.process "investiq" {{
  forward_to = [loki.write.investiq.receiver]

  stage.match {{
    selector = "{{format=\\"json\\"}}"

    stage.json {{
      expressions = {{ time = "timestamp", level = "", {metadata} }}
    }}

    stage.structured_metadata {{
      values = {{ {metadata} }}
    }}
  }}

  stage.match {{
    selector = "{{format=\\"logfmt\\"}}"

    stage.logfmt {{
      mapping = {{ time = "ts", level = "" }}
    }}

    // Prometheus writes warn, and Prometheus 3 INFO.
    stage.template {{
      source   = "level"
      template = "{{{{ if eq (ToLower .Value) \\"warn\\" }}}}warning{{{{ else }}}}{{{{ ToLower .Value }}}}{{{{ end }}}}"
    }}
  }}

  stage.timestamp {{
    source = "time"
    format = "RFC3339Nano"
  }}

  stage.labels {{
    values = {{ level = "" }}
  }}

  stage.label_drop {{
    values = ["filename", "format"]
  }}
}}
"""


def alloy_configuration(logs: PurePath, loki_url: str) -> str:
    """The file.

    Args:
        logs: folder of the log files.
        loki_url: base URL of Loki.
    """
    metadata = ", ".join(f'{name} = ""' for name in METADATA)
    return "\n".join([_source(_targets(logs)), _STAGES.format(metadata=metadata), _write(loki_url)])


def _targets(logs: PurePath) -> Sequence[str]:
    ours = [(process.name, "json" if process.program is None else "logfmt") for process in topology.PROCESSES]
    return [
        f'    {{ "__path__" = {_string(str(logs / f"{part}.log"))}, "job" = "investiq", "part" = "{part}", '
        f'"format" = "{form}" }},'
        for part, form in [*ours, ("supervisor", "json")]
    ]


def _source(targets: Sequence[str]) -> str:
    lines = ["  path_targets = [", *targets, "  ]"]
    return "\n".join(
        [
            'local.file_match "investiq" {',
            *lines,
            "}",
            "",
            'loki.source.file "investiq" {',
            "  targets       = local.file_match.investiq.targets",
            "  forward_to    = [loki.process.investiq.receiver]",
            "  tail_from_end = false",
            "}",
            "",
        ]
    )


def _write(loki_url: str) -> str:
    url = _string(f"{loki_url.rstrip('/')}/loki/api/v1/push")
    return f'loki.write "investiq" {{\n  endpoint {{\n    url = {url}\n  }}\n}}\n'


def _string(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
