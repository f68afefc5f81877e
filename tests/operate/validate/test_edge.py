"""`investiq validate`, check `edge`: the real nginx and gixy over what nginx would be started with."""

from __future__ import annotations

import re
from pathlib import Path

from investiq.foundation.config import Config
from investiq.operate.validate.edge import check_edge, gixy_findings
from tests.e2e.edge import certificate, expired_certificate
from tests.operate.edge.running import needs_nginx
from tests.operate.edge.test_nginx import NAMES, config_of


@needs_nginx
def test_what_is_rendered_is_found_well(tmp_path: Path) -> None:
    found = check_edge(config_of(tmp_path))
    assert (found.findings, found.looked_at) == ((), "nginx -t and gixy, and the certificate for 5 names")


def test_without_the_edge_there_is_nothing_to_look_at() -> None:
    assert check_edge(Config()).findings == ()


@needs_nginx
def test_what_nginx_refuses_is_a_finding(tmp_path: Path) -> None:
    finding = check_edge(config_of(tmp_path, host="none.invalid")).findings[0]
    assert re.search(r"nginx refuses it: .*host not found", finding.what)


@needs_nginx
def test_a_certificate_of_other_names_and_one_that_is_over_are_findings(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    certificate(tmp_path / "tls", "elsewhere.example.org")
    whats = [finding.what for finding in check_edge(config).findings]
    assert len(whats) == len(NAMES)
    assert all("Hostname mismatch" in what for what in whats)
    expired_certificate(tmp_path / "tls", *NAMES.values())
    (over,) = check_edge(config).findings
    assert "certificate has expired" in over.what


def test_what_cannot_be_rendered_is_a_finding(tmp_path: Path) -> None:
    (finding,) = check_edge(config_of(tmp_path, auth="basic")).findings
    assert "nobody has a password yet" in finding.what


def test_gixy_finds_a_planted_mistake(tmp_path: Path) -> None:
    mistake = "location ~ ^/(.*)$ { return 302 https://example.org/$1; }"
    (tmp_path / "nginx.conf").write_text(f"events {{}}\nhttp {{ server {{ {mistake} }} }}\n")
    assert any("gixy finds " in finding.what for finding in gixy_findings(tmp_path))
