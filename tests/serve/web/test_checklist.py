"""The page of the checklist: what was found, of when it is, and what to do next."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import httpx2
import pytest

from investiq.foundation.contract.api import CheckedPoint
from investiq.foundation.vocabulary import PointState
from investiq.operate.checklist.kept import checklist_of
from investiq.serve.web.pages.checklist import checklist_content, layout
from investiq.serve.web.reading import SourceUnavailable
from investiq.serve.web.sources import Sources
from tests.operate.checklist.answers import every_point, found, signature
from tests.serve.web.fakes import Stand, text_of

AN_HOUR_LATER = datetime(2026, 3, 1, 11, tzinfo=UTC)


def shown(points: list[CheckedPoint], now: datetime = AN_HOUR_LATER) -> tuple[str, str]:
    content, age = checklist_content(checklist_of(points), now)
    return " ".join(text_of(cast(Any, content)).split()), age


def test_it_says_of_when_it_is_and_what_it_comes_to() -> None:
    text, age = shown(every_point(proxy=PointState.NOT_DONE))
    assert age == "checked 60\u202fmin ago, 10:00:00 UTC"
    assert "Ready for paper When it was checked: faults are seen" in text
    assert "17 of 18 done" in text
    assert "The title of proxy Not done what was seen of proxy Next: mend proxy" in text
    assert "ago" not in text  # no warning of its age


def test_what_is_older_than_a_day_says_so_above_everything() -> None:
    text, age = shown(every_point(), datetime(2026, 3, 9, 10, tzinfo=UTC))
    assert text.startswith(
        "This was checked 8 days ago The deployment may have changed since. Check again: investiq checklist ."
    )
    assert age.startswith("checked 8 days ago")


def test_a_signature_that_has_expired_since_is_not_done() -> None:
    signed = found("training", sign_off=signature(expires_at="2026-03-01T10:30:00+00:00"))
    text, _ = shown([signed])
    assert "Needs a person The signature expired on 1 Mar 2026." in text
    assert "0 of 1 done" in text.replace("no of", "0 of")
    early, _ = shown([signed], datetime(2026, 3, 1, 10, 29, tzinfo=UTC))
    assert "expired" not in early
    assert "1 of 1 done" in early


@pytest.mark.parametrize("state", list(PointState))
def test_each_state_has_its_word_beside_its_colour(state: PointState) -> None:
    text, _ = shown([found("proxy", state)])
    assert str(state).capitalize() in text


def test_a_clock_that_differs_makes_no_negative_age() -> None:
    assert shown(every_point(), datetime(2026, 3, 1, 9, 59, tzinfo=UTC))[1].startswith("checked 0\u202fs ago")


async def test_before_anybody_looked_the_page_says_what_the_api_says(sources: Sources) -> None:
    answer = await sources.checklist()  # this API has nothing at /api/checklist
    assert isinstance(answer, SourceUnavailable)
    content, age = checklist_content(answer, AN_HOUR_LATER)
    assert " ".join(text_of(cast(Any, content)).split()) == "The checklist is not available. no /api/checklist."
    assert age == ""


async def test_the_page_reads_what_the_api_tells(sources: Sources, stand: Stand) -> None:
    stand.api.documents["/api/checklist"] = dict(checklist_of(every_point()))
    content, _ = checklist_content(await sources.checklist(), AN_HOUR_LATER)
    assert "Ready for live" in text_of(cast(Any, content))


async def test_the_page_is_served_and_filled_later(console: httpx2.AsyncClient) -> None:
    assert (await console.get("/checklist")).status_code == 200
    assert "'checklist-poll'" in str(layout())
