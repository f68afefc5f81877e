"""The rules of all SLOs: what is recorded of each, and the few alerts, which are the same for each of them.

Bad and all events a second are recorded once for each SLO; every longer window is computed from these two series, so a
month costs no more than reading a month of them. A window that reaches back before the first sample counts what is
missing as good: a fresh installation has its whole budget, and its first failure does not page.

An example, of which tests/monitoring/slo/test_rules.py has promtool compute the numbers. Of the requests of a service,
99.9 % must be good over thirty days. It gets 10 a second, and for an hour 0.2 a second fail.

- The budget is 1 - 0.999 = 0.1 % of what thirty days have at that rate: 0.001 * 2,592,000 s * 10/s = 25,920 requests.
- slo:events_bad:increase1h: each of 360 evaluations says 0.2/s, and stands for 10 s: 360 * 0.2/s * 10 s = 720 bad ones.
- slo:error_budget:burn_rate1h: 720 of 3,600 s * 10/s = 36,000 are 2 %, by the 0.1 % that may be: 20. At that rate the
  budget is gone after 30 d / 20 = 36 h.
- ErrorBudgetBurnsFast: 20 is more than 14.4 over 1h, as it is over 5m, and 720 are no less than 5: it pages.
- slo:error_budget:remaining: 720 of 25,920 are spent, 97.2 % are left.
- Six minutes after the first sample it was another matter: 72 bad ones of 36,000, since the average rate of what there
  is counts for the whole hour. That is a burn rate of 2, and pages nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from investiq.foundation.vocabulary import AlertStatus, RestartAlert, Severity, Subject
from investiq.monitoring.alert import Alert, NoData
from investiq.monitoring.exporters.scrape import ALERTS
from investiq.monitoring.recording import Recording
from investiq.monitoring.rules.down_alerts import DOWN_ALERTS
from investiq.monitoring.scraping.jobs import EVALUATION_SECONDS
from investiq.monitoring.selectors import series
from investiq.monitoring.slo.burn import PAGES, TICKETS, WINDOWS, Pair, pairs_for
from investiq.monitoring.slo.indicators import RATE_WINDOW
from investiq.monitoring.slo.objective import BudgetingMethod, Slo
from investiq.promql import duration
from investiq.promql.matcher import Matcher, eq

__all__ = [
    "BURNS_FAST",
    "BURNS_SLOWLY",
    "BURN_RATES",
    "ERROR_RATIO",
    "LEAST_BAD_EVENTS",
    "OBJECTIVE",
    "REMAINING",
    "alerts",
    "recordings",
]

LEAST_BAD_EVENTS = 5
"""Bad events within the long window without which nobody is told: one of the three orders of a night is a third of
them, and still no outage."""

_LABELS = ("slo", "service")
_LONG = timedelta(days=1)
_SLOW_SECONDS = 20
"""How often windows of a day and more are computed. A Prometheus that has just started gets to them within that."""


def _recording(name: str, query: str, interval: int | None = None) -> Recording:
    return Recording(name=name, subject=Subject.SLO, query=query, labels=_LABELS, interval_seconds=interval)


def _of_slo(name: str, slo: Slo, query: str) -> Recording:
    static = {"slo": slo.name, "service": slo.service}
    return Recording(name=name, subject=Subject.SLO, query=query, labels=_LABELS, static=static)


BAD = _recording("slo:events_bad:rate5m", "")
TOTAL = _recording("slo:events:rate5m", "")
OBJECTIVE = _recording("slo:objective:ratio", "")
PRESENT = _recording("slo:indicator:present", "")
"""There as long as the events of an SLO can be counted, whether or not any happens."""


def _interval(window: str) -> int | None:
    return _SLOW_SECONDS if duration.parse(window) >= _LONG else None


def _bad_within(window: str, *matchers: Matcher) -> str:
    """The number of bad events in a window, from samples as far apart as evaluations."""
    return f"{EVALUATION_SECONDS} * sum_over_time({series(BAD, *matchers)}[{window}])"


def _share_bad(bad: str, window: str, *matchers: Matcher) -> str:
    """Bad events by all that the window has at the average rate; nothing where there was none."""
    seconds = duration.parse(window) // timedelta(seconds=1)
    return f"{bad} / ({seconds} * avg_over_time({series(TOTAL, *matchers)}[{window}]) > 0)"


_BUDGET = f"(1 - {series(OBJECTIVE)})"

BAD_EVENTS: dict[str, Recording] = {
    window: _recording(f"slo:events_bad:increase{window}", _bad_within(window), _interval(window))
    for window in WINDOWS
    if window != RATE_WINDOW
}
"""Window -> number of bad events in it."""

BURN_RATES: dict[str, Recording] = {
    window: _recording(
        f"slo:error_budget:burn_rate{window}",
        f"{_share_bad(series(BAD_EVENTS[window]), window)} / {_BUDGET}"
        if window in BAD_EVENTS
        else f"{series(BAD)} / ({series(TOTAL)} > 0) / {_BUDGET}",
        _interval(window),
    )
    for window in WINDOWS
}
"""Window -> how many times as fast as the objective allows the budget is spent: at 1 it lasts for its window."""

INDICATOR_ABSENT = "SloIndicatorAbsent"
_ABSENT_WINDOW = "30m"
_IS_ABSENT = series(ALERTS, eq("alertname", INDICATOR_ABSENT), eq("alertstate", AlertStatus.FIRING))

ERROR_RATIO = _recording("slo:errors:ratio_window", "")
REMAINING = _recording("slo:error_budget:remaining", f"1 - {series(ERROR_RATIO)} / {_BUDGET}", _SLOW_SECONDS)
"""Share of the error budget that is left; below 0 the objective is missed."""


def recordings(slos: Sequence[Slo]) -> tuple[Recording, ...]:
    """Everything that is recorded for `slos`, in the order in which it is computed."""
    if not slos:
        return ()
    read = dict.fromkeys(one.name for slo in slos for one in slo.events.reads)
    by_name = {one.name: one for slo in slos for one in slo.events.reads}
    return (
        DOWN_ALERTS_FIRING,
        *(by_name[name] for name in read),
        *(recording for slo in slos for recording in _events(slo)),
        *_time(slos),
        *BAD_EVENTS.values(),
        *BURN_RATES.values(),
        _whole_windows(slos),
        REMAINING,
    )


def _events(slo: Slo) -> Iterable[Recording]:
    bad = f"{slo.events.bad} or vector(0)" if slo.events.sparse else slo.events.bad
    if slo.budgeting is BudgetingMethod.RATIO_TIMESLICES:
        yield _of_slo(BAD.name, slo, f"({bad}) / ({slo.events.total} > 0)")
    else:
        yield _of_slo(BAD.name, slo, bad)
        yield _of_slo(TOTAL.name, slo, slo.events.total)
    yield _of_slo(OBJECTIVE.name, slo, f"vector({slo.objective})")
    yield _of_slo(PRESENT.name, slo, f"group({slo.events.indicator or slo.events.total})")


def _time(slos: Sequence[Slo]) -> Iterable[Recording]:
    """Time, of which there is as much in each sample: 1, where there was any event to be good or bad."""
    if timed := [slo.name for slo in slos if slo.budgeting is BudgetingMethod.RATIO_TIMESLICES]:
        yield _recording(TOTAL.name, f"0 * {series(BAD, eq('slo', *timed))} + 1")


def _whole_windows(slos: Sequence[Slo]) -> Recording:
    """The error ratio of each SLO over its own window; none while its indicator is gone, or what was good before that
    would read as good for the whole window."""
    windows = dict.fromkeys(slo.window_days for slo in slos)
    ratios = []
    for days in windows:
        named = [slo.name for slo in slos if slo.window_days == days]
        matchers = (eq("slo", *named),) if len(windows) > 1 else ()
        window = f"{days}d"
        ratios.append(_share_bad(_bad_within(window, *matchers), window, *matchers))
    ratio = ratios[0] if len(ratios) == 1 else f"({' or '.join(ratios)})"
    return _recording(ERROR_RATIO.name, f"{ratio} unless on (slo) {_IS_ABSENT}", _SLOW_SECONDS)


DOWN_ALERTS_FIRING = Recording(
    name="service:deaths:firing",
    subject=Subject.SLO,
    query=f"max by (service) ({series(ALERTS, eq('alertname', *DOWN_ALERTS), eq('alertstate', AlertStatus.FIRING))})",
    labels=("service",),
)
"""The services whose death has paged."""

BURNS_FAST = RestartAlert.BURNS_FAST.value
BURNS_SLOWLY = "ErrorBudgetBurnsSlowly"


def alerts(slos: Sequence[Slo]) -> tuple[Alert, ...]:
    """The alerts over all `slos`: a page of each severity that one of them has, a ticket, and one for no indicator."""
    severities = [severity for severity in Severity if any(slo.page is severity for slo in slos)]
    pages = [_page(severity, [slo for slo in slos if slo.page is severity]) for severity in severities]
    return (*pages, _ticket(slos), _INDICATOR_IS_ABSENT) if slos else ()


def _by_pairs(slos: Sequence[Slo], pairs: Sequence[Pair]) -> dict[tuple[Pair, ...], list[Slo]]:
    """The SLOs by the factors that their objectives can reach; those that reach all come first."""
    groups: dict[tuple[Pair, ...], list[Slo]] = {}
    for slo in sorted(slos, key=lambda slo: pairs_for(slo.objective, pairs) != tuple(pairs)):
        groups.setdefault(pairs_for(slo.objective, pairs), []).append(slo)
    return groups


def _named(slos: Sequence[Slo]) -> Matcher:
    return eq("slo", *(slo.name for slo in slos))


def _burns(pairs: Sequence[Pair], *matchers: Matcher) -> str:
    return " or ".join(f"({_pair_burns(pair, *matchers)})" for pair in pairs)


def _pair_burns(pair: Pair, *matchers: Matcher) -> str:
    """Both windows of a pair burn too fast, and it is more than a handful of events."""
    return (
        f"{series(BURN_RATES[pair.long], *matchers)} > {pair.limit} "
        f"and {series(BURN_RATES[pair.short])} > {pair.limit} "
        f"and {series(BAD_EVENTS[pair.long])} >= {LEAST_BAD_EVENTS}"
    )


_SUMMARY = '{{ $labels.slo }}: error budget burn rate is {{ $value | printf "%.1f" }}'


def _pages(pairs: Sequence[Pair], matcher: Matcher) -> str:
    """What pages, but for the echo of a death that has paged: once the service is back nothing mutes its burn rates any
    more, and its outage stays in the short window for as long as that is."""
    echo = {
        pair: f"unless on (service) present_over_time({series(DOWN_ALERTS_FIRING)}[{pair.short}])" for pair in pairs
    }
    return " or ".join(f"({_pair_burns(pair, matcher)} {echo[pair]})" for pair in pairs)


def _page(severity: Severity, slos: Sequence[Slo]) -> Alert:
    return Alert(
        name=BURNS_FAST,
        subject=Subject.SLO,
        severity=severity,
        query=" or ".join(_pages(pairs, _named(of)) for pairs, of in _by_pairs(slos, PAGES).items()),
        service=None,
        summary=_SUMMARY,
        description=(
            "At least 2 % of the 30-day error budget was spent in an hour, or 5 % in six hours, and it is still "
            "burning. At this rate the objective is missed within days: users see it now. `investiq slo` shows "
            f"the remaining budget.{_lower_limits(slos, PAGES)}"
        ),
        no_data=NoData.QUIET,
    )


def _ticket(slos: Sequence[Slo]) -> Alert:
    groups = _by_pairs(slos, TICKETS)
    matchers = [(_named(of),) if len(groups) > 1 else () for of in groups.values()]
    return Alert(
        name=BURNS_SLOWLY,
        subject=Subject.SLO,
        severity=Severity.WARNING,
        query=" or ".join(_burns(pairs, *matcher) for pairs, matcher in zip(groups, matchers, strict=True)),
        service=None,
        summary=_SUMMARY,
        description=(
            "A steady trickle of failures: about 10 % of the 30-day error budget was spent in a day or in "
            "three, and it is still burning. It can wait until morning; left alone, the objective is missed "
            f"before its window ends. `investiq slo` shows the remaining budget.{_lower_limits(slos, TICKETS)}"
        ),
        no_data=NoData.QUIET,
    )


def _lower_limits(slos: Sequence[Slo], pairs: Sequence[Pair]) -> str:
    """What is different for objectives that allow so much that their budgets never burn that fast."""
    lower = [slo.name for slo in slos if pairs_for(slo.objective, pairs) != tuple(pairs)]
    return f" Of {', '.join(lower)} less of the budget is enough: see docs/slo.md." if lower else ""


_INDICATOR_IS_ABSENT = Alert(
    name=INDICATOR_ABSENT,
    subject=Subject.SLO,
    severity=Severity.WARNING,
    query=(
        f"{series(OBJECTIVE)} unless on (slo) present_over_time({series(PRESENT)}[{_ABSENT_WINDOW}]) "
        # Its metrics are gone with a dead service, which has paged; its probes still burn the budget.
        f"unless on (service) {series(DOWN_ALERTS_FIRING)}"
    ),
    for_seconds=1800,
    service=None,
    summary="{{ $labels.slo }}: the metrics of this objective are missing",
    description=(
        "The metrics of this objective are missing, although the service is not known to be down. Failures are "
        "not counted, so no burn alert can page. `investiq slo` and the dashboard show no data for it."
    ),
    no_data=NoData.QUIET,
)
