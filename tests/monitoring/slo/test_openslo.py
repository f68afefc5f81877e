"""SLOs go out as OpenSLO v1 and come back the same; what cannot be kept is named."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from investiq.foundation.config import Config
from investiq.foundation.config.slo import CustomSlo
from investiq.monitoring.slo import Slo, slos_of
from investiq.monitoring.slo.openslo import documents
from investiq.monitoring.slo.openslo_import import Imported, UnusableOpenSlo, read_documents
from investiq.operate.slo.entry import toml_of

EXAMPLE = Path(__file__).with_name("shop.openslo.yml").read_text("utf-8")


def _read(text: str) -> Imported:
    return read_documents(yaml.safe_load_all(text), "slos.yml")


def _there_and_back(slos: tuple[Slo, ...]) -> tuple[CustomSlo, ...]:
    return _read(yaml.safe_dump_all(documents(slos))).slos


def test_an_example_in_the_form_of_the_specification_is_read() -> None:
    imported = _read(EXAMPLE)
    latency, availability = imported.slos
    assert latency == CustomSlo(
        name="checkout-latency",
        service="checkout",
        description="Checkout is fast",
        objective=Decimal("0.995"),
        window_days=28,
        good='sum(rate(checkout_duration_seconds_bucket{le="0.5"}[5m]))',
        total="sum(rate(checkout_duration_seconds_count[5m]))",
    )
    assert (availability.page, availability.budgeting) == ("critical", "ratio_timeslices")
    assert availability.bad == 'sum(rate(checkouts_total{outcome="failed"}[5m]))'


def test_what_is_not_taken_over_is_noted() -> None:
    notes = "\n".join(_read(EXAMPLE).notes)
    assert "labels are not kept: SLO checkout-latency" in notes
    assert "not the data source metrics: SLO checkout-latency good, SLO checkout-latency total" in notes


@pytest.mark.parametrize(
    ("query", "rated"),
    [
        ("sum(a offset 1w)", "sum(rate(a[5m] offset 1w))"),
        ("a offset -5m @ 100", "rate(a[5m] offset -5m @ 100)"),
        ('sum by (x) (a{b=~"c"} @ end())', 'sum by (x) (rate(a{b=~"c"}[5m] @ end()))'),
    ],
)
def test_of_a_counter_nothing_is_lost_but_its_rate_is_taken(query: str, rated: str) -> None:
    document = list(yaml.safe_load_all(EXAMPLE))[-1]
    _ratio(counter=True, bad=_query(query), total=_query("b"))(document)
    (slo,) = read_documents([document], "slos.yml").slos
    assert (slo.bad, slo.total) == (rated, "rate(b[5m])")


@pytest.mark.parametrize(
    ("bad", "total", "note"),
    [
        (
            "sum(rate(a[30m]))",
            "sum(rate(b[5m]))",
            "alerts come later than they could: SLO checkout-availability bad [30m]",
        ),
        ("sum(increase(a[1h]))", "sum(increase(b[1h]))", "increase() counts events in its window, not a second"),
        ("sum(a_total)", "sum(b)", "a counter without rate() is taken for events a second"),
        ("sum by (x) (rate(a[5m]))", "sum(b)", "the series are summed up"),
        ("rate(a[5m])", "sum(b)", "the series are summed up"),
        ("max without (x) (a)", "sum(b)", "the series are summed up"),
    ],
)
def test_what_is_measured_otherwise_than_here_is_noted(bad: str, total: str, note: str) -> None:
    document = list(yaml.safe_load_all(EXAMPLE))[-1]
    _ratio(bad=_query(bad), total=_query(total))(document)
    imported = read_documents([document], "slos.yml")
    assert note in "\n".join(imported.notes)
    assert (imported.slos[0].bad, imported.slos[0].total) == (bad, total)


def test_every_text_and_label_that_is_left_out_is_noted() -> None:
    documents = list(yaml.safe_load_all(EXAMPLE))
    sli, slo = documents[2], documents[4]
    sli["metadata"] |= {"displayName": "Fast", "labels": {"a": "b"}, "annotations": {"c": "d"}}
    slo["metadata"] |= {"displayName": "Works", "labels": {"a": "b"}}
    slo["spec"]["indicator"]["metadata"]["annotations"] = {"e": "f"}
    slo["spec"]["objectives"][0]["displayName"] = "three nines"
    unused = {**copy.deepcopy(sli), "metadata": {"name": "unused"}}
    notes = dict(note.split(": ", 1) for note in read_documents([*documents, unused], "slos.yml").notes)
    of = "SLO checkout-availability"
    assert notes["annotations are not kept"] == f"SLI checkout-fast c, {of} indicator e"
    assert notes["labels are not kept"] == f"SLI checkout-fast, SLO checkout-latency, {of}"
    assert notes["no SLO refers to it, and it is left out"] == "SLI unused"
    names = ("Service checkout", "SLI checkout-fast", "SLO checkout-latency objectives[0]", of, f"{of} objectives[0]")
    assert sorted(notes["display names are not kept"].split(", ")) == sorted(names)
    texts = ("Service checkout", "SLI checkout-fast", "SLI unused")
    assert sorted(notes["descriptions are kept of SLOs alone"].split(", ")) == sorted(texts)


def test_our_own_slos_come_back_without_a_note_but_of_their_alerts() -> None:
    notes = _read(yaml.safe_dump_all(documents(slos_of(Config())))).notes
    assert [note.partition(":")[0] for note in notes] == [
        "not read, since the burn alerts of InvestIQ hold for every SLO"
    ]


def test_the_built_in_slos_come_back_the_same() -> None:
    before = slos_of(Config())
    after = slos_of(Config(slos=tuple(s.model_copy(update={"name": f"x-{s.name}"}) for s in _there_and_back(before))))
    for slo, again in zip(before, after[len(before) :], strict=True):
        same = replace(slo, name=f"x-{slo.name}", events=again.events)
        assert again == same
        if not slo.events.reads:
            assert (again.events.bad, again.events.total) == (slo.events.bad, slo.events.total)


def test_a_recording_that_an_slo_reads_is_written_out() -> None:
    (freshness,) = [slo for slo in _there_and_back(slos_of(Config())) if slo.name == "market-data-freshness"]
    assert freshness.bad is not None
    assert "instance:" not in freshness.bad
    assert "> bool 11700) * on (job, instance) investiq_market_phase" in freshness.bad
    assert "[5m:10s]" in freshness.bad


_CUSTOM = st.builds(
    CustomSlo,
    name=st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True).filter(
        lambda name: name not in {slo.name for slo in slos_of(Config())}
    ),
    service=st.sampled_from(["shop", "Some Job", "a:b"]),
    description=st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=30),
    objective=st.decimals("0.0001", "0.9999", places=4),
    window_days=st.integers(7, 30),
    page=st.sampled_from(["critical", "warning"]),
    budgeting=st.sampled_from(["occurrences", "ratio_timeslices"]),
    good=st.none(),
    bad=st.sampled_from(["sum(rate(a{b=\"\\\\d\", c='x'}[5m]))", 'rate(a{b=~"x|y"}[5m])', "sum(a)"]),
    total=st.sampled_from(["sum(rate(b[5m]))", "b + c"]),
)


@given(_CUSTOM)
def test_any_slo_comes_back_the_same(custom: CustomSlo) -> None:
    before = slos_of(Config(slos=(custom,)))[-1]
    (again,) = _there_and_back((before,))
    assert slos_of(Config(slos=(again,)))[-1] == before


@given(_CUSTOM)
def test_what_is_written_for_investiq_toml_means_the_same(custom: CustomSlo) -> None:
    (table,) = tomllib.loads(toml_of([custom]), parse_float=Decimal)["slos"]
    assert CustomSlo.model_validate(table) == custom


def test_every_document_says_its_version_and_each_alert_policy_that_is_named_is_there() -> None:
    found = documents(slos_of(Config()))
    assert {document["apiVersion"] for document in found} == {"openslo/v1"}
    named = {p["alertPolicyRef"] for d in found if d["kind"] == "SLO" for p in d["spec"]["alertPolicies"]}
    assert named == {d["metadata"]["name"] for d in found if d["kind"] == "AlertPolicy"}
    assert {d["spec"]["service"] for d in found if d["kind"] == "SLO"} == {
        d["metadata"]["name"] for d in found if d["kind"] == "Service"
    }


Change = Callable[[dict[str, Any]], Any]


def _spec(**changes: Any) -> Change:
    return lambda document: document["spec"].update(changes)


def _objective(**changes: Any) -> Change:
    return lambda document: document["spec"]["objectives"][0].update(changes)


def _query(query: str) -> dict[str, Any]:
    return {"metricSource": {"type": "Prometheus", "spec": {"query": query}}}


def _ratio(**changes: Any) -> Change:
    return lambda document: document["spec"]["indicator"]["spec"]["ratioMetric"].update(changes)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda document: document.update(apiVersion="openslo/v2alpha"), "expected 'openslo/v1'"),
        (lambda document: document.update(kind="Composite"), "OpenSLO v1 has no kind Composite"),
        (lambda document: document["metadata"].pop("name"), "metadata.name is missing"),
        (lambda document: document["metadata"].update(name="Checkout!"), "name: String should match"),
        (_spec(budgetingMethod="Timeslices"), "budgetingMethod 'Timeslices' is not supported"),
        (_spec(timeWindow=[{"duration": "1M", "isRolling": True}]), "'1M' is not whole days"),
        (_spec(timeWindow=[{"duration": "30d", "isRolling": False}]), "only rolling windows"),
        (_spec(timeWindow=[{"duration": "30d", "isRolling": True, "calendar": {}}]), "only rolling windows"),
        (_spec(timeWindow=[{"duration": "1d", "isRolling": True}]), "window_days: Input should be greater than"),
        (_spec(objectives=[]), "expected one objective"),
        (_spec(indicatorRef="other"), "either indicator or indicatorRef"),
        (_spec(indicator=None, indicatorRef="other"), "'other' names no SLI of this file"),
        (_spec(budget=1), "'budget' is not a field of OpenSLO v1 there"),
        (_objective(target=None), "needs either target or targetPercent"),
        (_objective(targetPercent=99.9), "needs either target or targetPercent"),
        (_objective(target=1.0), "objective: Input should be less than 1"),
        (_objective(target="high"), "target is 'high', expected a valid number"),
        (_objective(timeSliceWindow="1m"), "timeSliceWindow '1m' is not supported: expected 5m"),
        (_objective(timeSliceTarget=0.9), "timeSliceTarget belongs to Timeslices"),
        (_objective(value=3), "belongs to a thresholdMetric"),
        (_objective(compositeWeight=2), "composite SLO"),
        (_ratio(good={"metricSource": {}}), "needs total, and either good or bad"),
        (_ratio(raw={}), "a raw ratio is not supported"),
        (_ratio(counter=True), "of a counter (counter: true) only a selector or its sum is understood"),
        (_ratio(total={"metricSource": {"type": "Datadog", "spec": {"query": "a"}}}), "of type 'Datadog'"),
        (_ratio(total={"metricSource": {"type": "Prometheus", "spec": {}}}), "metricSource.spec.query is missing"),
        (_ratio(total=_query("a(")), "does not parse"),
        (_ratio(total={"metricSource": {"metricSourceRef": "gone", "spec": {"query": "a"}}}), "names no DataSource"),
        (_ratio(total=_query("sum(increase(a[30d]))")), "total: [30d] is too long: pages are decided over 1h"),
        (_ratio(total=_query("sum_over_time(a[2h:1m])")), "total: [2h] is too long"),
        (_ratio(total=_query("sum(increase(a[5m]))")), "bad is no increase, total is an increase over 5m"),
        (_objective(indicator={}), "composite SLO"),
        (lambda document: document.update(apiVersion="sloth.slok.dev/v1"), "a specification of Sloth"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_name(change: Change, named: str) -> None:
    document = list(yaml.safe_load_all(EXAMPLE))[-1]
    change(document)
    with pytest.raises(UnusableOpenSlo, match="cannot be imported") as caught:
        read_documents([document], "slos.yml")
    assert named in caught.value.message


def test_a_threshold_metric_is_refused_by_name() -> None:
    document = list(yaml.safe_load_all(EXAMPLE))[-1]
    document["spec"]["indicator"]["spec"] = {"thresholdMetric": {}}
    with pytest.raises(UnusableOpenSlo, match="a thresholdMetric is not supported"):
        read_documents([document], "slos.yml")


def test_all_that_is_malformed_is_named_at_once() -> None:
    document = list(yaml.safe_load_all(EXAMPLE))[-1]
    again = copy.deepcopy(document)
    _spec(service=None, budget=1)(document)
    with pytest.raises(UnusableOpenSlo) as caught:
        read_documents([document, "text", again, again], "slos.yml")
    assert caught.value.message.count("\n") == 4


def test_all_that_is_not_supported_is_named_at_once() -> None:
    document = list(yaml.safe_load_all(EXAMPLE))[-1]
    _spec(budgetingMethod="Timeslices", timeWindow=[{"duration": "1M", "isRolling": False}])(document)
    with pytest.raises(UnusableOpenSlo) as caught:
        read_documents([document], "slos.yml")
    assert caught.value.message.count("\n") == 3


def _paths(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key in tree if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ():
        yield from _paths(tree[key], (*path, key))


@pytest.mark.parametrize("junk", [None, [], {}, 3, "text", True, [[{}]], {1: 2}, float("nan")], ids=repr)
def test_junk_in_any_place_is_read_or_refused_and_breaks_nothing(junk: Any) -> None:
    example = list(yaml.safe_load_all(EXAMPLE))
    for *parents, last in filter(None, _paths(example)):
        found = copy.deepcopy(example)
        place = found
        for key in parents:
            place = place[key]
        place[last] = junk
        with suppress(UnusableOpenSlo):
            read_documents(found, "slos.yml")


def test_a_file_without_an_slo_is_refused() -> None:
    with pytest.raises(UnusableOpenSlo, match="no document of kind SLO"):
        read_documents([], "slos.yml")
