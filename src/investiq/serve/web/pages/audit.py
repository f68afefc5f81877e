"""Who changed what, from where, and who was denied it: for who is logged in as admin."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import parse_qs, urlencode

from dash import dcc, html
from dash.development.base_component import Component

from investiq.foundation.contract.api import AuditPage, AuditRecord
from investiq.foundation.errors import InvestIQError
from investiq.foundation.vocabulary import Access, AuditAction
from investiq.serve.web.elements import Children, attributes, card, chip, empty, page_title
from investiq.serve.web.logins import Logins
from investiq.serve.web.permission import Shown, refusal_notice, who_may
from investiq.serve.web.words import title

__all__ = ["layout"]

PAGE = "/audit"
_ROWS = 50
_TO = "read the audit log"


async def layout(logins: Logins, search: str, session: Shown) -> Component:
    """The page: the newest changes, or those that the address asks for."""
    asked = parse_qs(search.removeprefix("?"))
    action, cursor = (asked.get(name, [""])[-1] for name in ("action", "before"))
    action = action if action in list(map(str, AuditAction)) else ""
    return html.Div(
        [
            page_title(html.H1("Audit log")),
            html.Div(who_may(session, Access.ADMIN, _TO, PAGE)),
            card("Who changed what", await _content(logins, action, cursor), aside=_filter(action)),
        ]
    )


async def _content(logins: Logins, action: str, cursor: str) -> Children:
    try:
        secret, _ = await logins.recognise()
        page = await logins.client(secret).audit(limit=_ROWS, cursor=cursor or None, action=action or None)
    except InvestIQError as error:
        return _refused(error)
    if not page["records"]:
        return empty("No changes", f"No entries for {title(action).lower()}." if action else None)
    return [_table(page["records"]), _older(page, action, cursor)]


def _refused(error: InvestIQError) -> Children:
    """What nobody is told who is not an admin; above it stands where to log in."""
    denied = error.reason in ("not_logged_in", "session_ended") or getattr(error, "status", 0) in (401, 403)
    return empty("Admins only") if denied else refusal_notice(error, _TO)


def _filter(action: str) -> Component:
    """The kinds of change, as links: the address says what is shown."""
    kinds = [("Everything", ""), *((title(each), str(each)) for each in AuditAction)]
    shown = next(name for name, value in kinds if value == action)
    links = [html.Li(dcc.Link(name, href=_address(value))) for name, value in kinds if value != action]
    return html.Details([html.Summary(shown), html.Ul(links, className="names")], className="audit-filter")


def _table(records: Sequence[AuditRecord]) -> Component:
    headings = ("Time, UTC", "Who", "What", "Result", "Which", "Detail", "From")
    head = html.Tr([html.Th(name, scope="col") for name in headings])
    return html.Div(
        html.Table([html.Thead(head), html.Tbody([_row(record) for record in records])], className="values audit"),
        className="values-scroll audit-scroll",
        tabIndex=0,
        role="group",
        **attributes(aria_label="Audit log, table"),
    )


def _row(record: AuditRecord) -> Component:
    denied = record["result"] == "denied"
    access = f" ({record['access']})" if record["access"] else ""
    return html.Tr(
        [
            html.Td(f"{datetime.fromisoformat(record['wall']):%Y-%m-%d %H:%M:%S}", className="audit-time"),
            html.Td(f"{record['actor']}{access}"),
            html.Td(title(record["action"])),
            html.Td(chip("denied", "warn") if denied else record["result"]),
            html.Td(html.Code(_short(record["target"]), title=record["target"]) if record["target"] else ""),
            html.Td(record["detail"], className="audit-detail"),
            html.Td(record["origin"]),
        ],
        title=f"row {record['id']}, hash {record['hash']}",
    )


def _short(target: str) -> str:
    """The ids of orders and silences are long; their beginning tells them apart."""
    return f"{target[:8]}…" if len(target) >= 32 and " " not in target else target


def _older(page: AuditPage, action: str, cursor: str) -> Component:
    links: list[Component] = []
    if cursor:
        links.append(dcc.Link("Newest", href=_address(action)))
    if page["next_cursor"]:
        links.append(dcc.Link("Older", href=_address(action, page["next_cursor"])))
    return html.Nav(links, className="pages", **attributes(aria_label="Pages of the log"))


def _address(action: str, before: str = "") -> str:
    query = urlencode({name: value for name, value in (("action", action), ("before", before)) if value})
    return f"{PAGE}?{query}" if query else PAGE
