"""What a silence is about, and what it is to Alertmanager."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from investiq.clients.alertmanager.silence import Silence, document, matchers_of, silence_of
from investiq.promql.matcher import Matcher

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def silence(*matchers: Matcher, by: str = "anna", reason: str = "known") -> Silence:
    return Silence("1", matchers, by, reason, NOON, NOON + timedelta(hours=1))


NAMED = Matcher("alertname", "=", "ServiceDown")
OURS = {"alertname": "ServiceDown", "service": "investiq-api"}


@pytest.mark.parametrize(
    ("matchers", "labels", "named"),
    [
        ((NAMED,), OURS, True),
        ((NAMED,), {"alertname": "ServiceDown"}, True),
        ((Matcher("alertname", "=~", "ServiceDown|HighLatency"),), OURS, True),
        ((Matcher("alertname", "=~", "Service"),), OURS, False),  # the whole of it, as Alertmanager takes it
        ((Matcher("alertname", "=~", "(?-s:Service).*"),), OURS, True),
        ((Matcher("alertname", "=~", r"\pL+"),), OURS, True),  # RE2 alone understands it
        ((Matcher("alertname", "!=", "HighLatency"),), OURS, True),
        ((Matcher("alertname", "!~", "Service.*"),), OURS, False),
        ((NAMED, Matcher("service", "=", "investiq-api")), OURS, True),
        ((NAMED, Matcher("service", "=", "frontend")), OURS, False),
        ((NAMED, Matcher("service", "=", "frontend")), {"alertname": "ServiceDown"}, True),  # a part of it
        ((NAMED, Matcher("instance", "=", "1")), OURS, True),  # a part of it
        ((Matcher("alertname", "=", "HighLatency"),), OURS, False),
        ((Matcher("service", "=", "investiq-api"),), OURS, False),  # names no alert
    ],
)
def test_a_silence_names_an_alert_that_it_may_mute(
    matchers: tuple[Matcher, ...], labels: dict[str, str], named: bool
) -> None:
    assert silence(*matchers).names(labels) is named


def test_what_is_written_is_read_again_as_it_was() -> None:
    signs = tuple(Matcher("alertname", op, 'a"b') for op in ("=", "!=", "=~", "!~"))
    before = silence(*signs)
    assert silence_of(document(before), ["1", "2", "1"]) == Silence(
        "1", signs, "anna", "known", before.starts_at, before.ends_at, mutes=2
    )


def test_the_same_again_is_of_the_same_person_for_the_same_reason() -> None:
    first = silence(*matchers_of("ServiceDown", {"service": "a"}))
    assert first.is_again(silence(*reversed(first.matchers)))
    assert not first.is_again(silence(NAMED))
    assert not first.is_again(silence(*first.matchers, by="ben"))
    assert not first.is_again(silence(*first.matchers, reason="another"))
