#!/usr/bin/env python3
"""Trims an exposition to its families: HELP, TYPE, and one sample for each name and set of label names.

curl -s localhost:9090/metrics | setup/trim-exposition.py > .../expositions/prometheus-2.42.txt
"""

import re
import sys

_SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? ")
_LABEL = re.compile(r'(\w+)="(?:\\.|[^"\\])*"')

seen: set[tuple[str, tuple[str, ...]]] = set()
for line in sys.stdin:
    sample = _SAMPLE.match(line)
    key = (sample[1], tuple(_LABEL.findall(sample[2] or ""))) if sample else ("", ())
    if sample is None or key not in seen:
        sys.stdout.write(line)
    seen.add(key)
