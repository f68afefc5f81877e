"""Does Prometheus judge by our rules, and does an alert reach the inbox?"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import promql_parser
import yaml

from investiq.cli.doctor.examination import Diagnosis, Patient
from investiq.config import Paths, addresses
from investiq.monitoring.checks import Finding
from investiq.stack.launch import missing_jobs
from investiq.stack.proof import prove_alert
from investiq.stack.render import render_runtime
from investiq.stack.validate_live import validate_live

__all__ = ["check_alert", "check_rules"]

_ALERT_WAY = ("alertmanager-known", "receivers", "inbox")
_RESTART = "`investiq down`, then `investiq up`: it writes the files anew and starts with them"
_FIRST_ROUND_SECONDS = 30.0
"""A Prometheus that has just started has judged no rule, and its first heartbeat is on the way: no fault yet."""

_ASK_AGAIN_SECONDS = 0.5
_DELIVERY_SECONDS = 20.0
"""A test alert takes less than a second; a machine that is busy starting gets more."""


def check_rules(patient: Patient) -> Diagnosis:
    """Prometheus has loaded the rules that this version renders, each as it is written, and evaluates them."""
    if open_questions := patient.unanswered("rules", ["prometheus"]):
        return Diagnosis("nothing", open_questions)
    rendered = render_runtime(patient.config, missing_jobs(patient.table))
    wanted = {_key(rule): rule for text in _rule_files(rendered) for rule in _rules(yaml.safe_load(text))}
    findings = [*_edited(patient, rendered), *_asked(patient, ("rules",))]
    findings += _differing(wanted, _loaded(patient))
    return Diagnosis(f"Prometheus evaluates {len(wanted)} rules, each as it is rendered", findings)


def check_alert(patient: Patient) -> Diagnosis:
    """The whole way of a page: Prometheus knows Alertmanager, its heartbeat arrives, and so does a test alert."""
    if open_questions := patient.unanswered("alert", ["prometheus", "alertmanager", "inbox"]):
        return Diagnosis("nothing", open_questions)
    findings = _asked(patient, _ALERT_WAY)
    proof = asyncio.run(prove_alert(patient.config, _DELIVERY_SECONDS))
    if not proof.proven:
        log = Paths.of(patient.config).logs / "alertmanager.log"
        findings.append(Finding("alert", "inbox", proof.text, f"see {log}; `investiq validate` names the broken link"))
    return Diagnosis(f"{proof.text}, and so does the heartbeat of Prometheus", findings)


def _asked(patient: Patient, checks: Collection[str]) -> list[Finding]:
    """What `investiq validate` finds, asked again while Prometheus is on its first round."""
    patience_ends = _started(patient) + _FIRST_ROUND_SECONDS
    while True:
        checked = validate_live(patient.config, patient.http, missing_jobs(patient.table))
        findings = [finding for one in checked if one.check in checks for finding in one.findings]
        if not findings or time.time() > patience_ends:
            return findings
        time.sleep(_ASK_AGAIN_SECONDS)


def _started(patient: Patient) -> float:
    """When Prometheus started, in Unix time."""
    document = patient.http.get(f"{_prometheus(patient)}/api/v1/status/runtimeinfo").json()
    return datetime.fromisoformat(document["data"]["startTime"]).timestamp()


# ---- rules ----


def _edited(patient: Patient, rendered: Mapping[str, str]) -> Iterator[Finding]:
    """Rendered files that are no longer what was rendered: the next start overwrites them, so no edit belongs there."""
    folder = Paths.of(patient.config).monitoring
    for name, text in rendered.items():
        file = folder / name
        if not file.is_file() or file.read_text("utf-8") != text:
            what = "it was changed since it was rendered" if file.is_file() else "it is gone"
            yield Finding("rules", str(file), what, _RESTART)


def _rule_files(rendered: Mapping[str, str]) -> Sequence[str]:
    return [text for name, text in rendered.items() if name.startswith("rules/")]


def _rules(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for group in document["groups"]:
        yield from group["rules"]


def _key(rule: Mapping[str, Any]) -> tuple[str, str]:
    """Its name, and the severity of an alert; a recording rule has none."""
    return rule.get("alert") or rule["record"], rule.get("labels", {}).get("severity", "")


def _loaded(patient: Patient) -> dict[tuple[str, str], Mapping[str, Any]]:
    document = patient.http.get(f"{_prometheus(patient)}/api/v1/rules").json()
    rules = [rule for group in document["data"]["groups"] for rule in group["rules"]]
    return {(rule["name"], rule.get("labels", {}).get("severity", "")): rule for rule in rules}


def _differing(
    wanted: Mapping[tuple[str, str], Mapping[str, Any]], loaded: Mapping[tuple[str, str], Mapping[str, Any]]
) -> Iterator[Finding]:
    for key in wanted.keys() & loaded.keys():
        differs = [name for name, (ours, theirs) in _sides(wanted[key], loaded[key]).items() if ours != theirs]
        if differs:
            what = f"Prometheus has it with another {' and '.join(differs)}"
            yield Finding("rules", key[0], what, _RESTART)
    for name, severity in loaded.keys() - wanted.keys():
        yield Finding("rules", name, f"Prometheus has a rule of this name ({severity}) that nobody rendered", _RESTART)


def _sides(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, tuple[object, object]]:
    """Each aspect of a rule as it is rendered, and as Prometheus tells it."""
    return {
        "condition": (_canonical(ours["expr"]), _canonical(theirs["query"])),
        "`for`": (_seconds(ours.get("for", "0s")), float(theirs.get("duration", 0))),
        "label": (dict(ours.get("labels", {})), dict(theirs.get("labels", {}))),
        "annotation": (dict(ours.get("annotations", {})), dict(theirs.get("annotations", {}))),
    }


def _canonical(expression: str) -> str:
    """One spelling for each expression: Prometheus tells a rule in its own, and each version in another."""
    try:
        return str(promql_parser.parse(expression).prettify())
    except ValueError:
        return expression


def _seconds(duration: str) -> float:
    return float(duration[:-1]) * {"s": 1, "m": 60}[duration[-1]]


def _prometheus(patient: Patient) -> str:
    return addresses.base_url(addresses.prometheus(patient.config))
