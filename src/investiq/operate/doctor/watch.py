"""Does Prometheus judge by our rules, and does an alert reach the inbox?"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from datetime import datetime

from investiq.foundation.config import Paths, addresses
from investiq.foundation.findings import Finding
from investiq.operate.doctor.examination import Diagnosis, Patient
from investiq.operate.render.files import render_runtime
from investiq.operate.supervise.launch import missing_jobs
from investiq.operate.validate.live.machine import edited_files
from investiq.operate.validate.live.run import validate_live
from investiq.operate.validate.smoke_test import prove_alert

__all__ = ["check_alert", "check_rules"]

_ALERT_WAY = ("alertmanager-known", "receivers", "heartbeat")
_FIRST_ROUND_SECONDS = 30.0
"""A Prometheus that has just started has judged no rule, and its first heartbeat is on the way: no fault yet."""

_DELIVERY_SECONDS = 20.0
"""A test alert takes less than a second; a machine that is busy starting gets more."""


def check_rules(patient: Patient) -> Diagnosis:
    """Prometheus has loaded the rules that this version renders, each as it is written, and evaluates them."""
    if open_questions := patient.unanswered("rules", ["prometheus"]):
        return Diagnosis("nothing", open_questions)
    rendered = render_runtime(patient.config, missing_jobs(patient.table))
    findings = [*edited_files("rules", Paths.of(patient.config).monitoring, rendered), *_asked(patient, ("rules",))]
    return Diagnosis("Prometheus evaluates the rules, each as it is rendered", findings)


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
    patience = max(0.0, _started(patient) + _FIRST_ROUND_SECONDS - time.time())
    checked = asyncio.run(validate_live(patient.config, only=checks, wait_seconds=patience))
    return [finding for one in checked for finding in one.findings]


def _started(patient: Patient) -> float:
    """When Prometheus started, in Unix time."""
    document = patient.http.get(f"{_prometheus(patient)}/api/v1/status/runtimeinfo").json()
    return datetime.fromisoformat(document["data"]["startTime"]).timestamp()


def _prometheus(patient: Patient) -> str:
    return addresses.base_url(addresses.prometheus(patient.config))
