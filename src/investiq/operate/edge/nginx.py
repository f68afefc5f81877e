"""Renders nginx's configuration: one virtual host for each name of `[edge]`, and nothing for any other.

Whoever is let in is judged by the API (`serve/api/routes/edge.py`); what it said is kept for the seconds that it names.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from investiq.foundation import topology
from investiq.foundation.config import Config, Paths
from investiq.foundation.contract import edge as contract
from investiq.foundation.contract.edge import Door
from investiq.foundation.contract.heartbeat import HEARTBEAT_PATH
from investiq.foundation.errors import InvestIQError
from investiq.foundation.files import provide_token
from investiq.foundation.topology import PROGRAM_USER, Process
from investiq.operate.edge.certificate_check import pair_fault
from investiq.operate.edge.users import EdgeUsers

__all__ = ["CONFIG_FILE", "DOORS", "EdgeError", "certificate_pair", "edge_files"]

CONFIG_FILE = "nginx.conf"
HTTP2_DIRECTIVE = (1, 25, 1)
"""From this version on, `http2 on;`: before, it is a parameter of `listen`."""

_UNQUOTABLE = re.compile(r"[\"\\$\x00-\x1f\x7f]")
_HSTS = "max-age=63072000"
_CLOSED = ("= /metrics", "^~ /metrics/", "= /internal", "^~ /internal/")
assert HEARTBEAT_PATH.startswith("/internal/")  # noqa: S101
assert contract.JUDGE_PATH.startswith("/internal/")  # noqa: S101


class EdgeError(InvestIQError):
    """nginx could not start with what is configured."""

    reason = "edge"
    fix = "`investiq config show` names the source of each setting; docs/edge.md says what belongs together"


@dataclass(frozen=True, slots=True)
class _Host:
    """What sets one virtual host apart.

    Attributes:
        process: to which its requests go.
        closed: locations that are 404 from outside, beside those of every host.
        writes: whether what is no reading asks for more than a session that may read.
        ours: it guards its answers itself, and looks at keys itself.
        judged: whether a session is asked for here; the API asks for its own keys.
        body: the largest that it takes.
        websocket: whether connections may become one.
    """

    process: Process
    closed: tuple[str, ...] = ()
    writes: bool = False
    ours: bool = False
    judged: bool = True
    body: str = "1m"
    websocket: bool = False


_OWN_CONTROLS = ("^~ /-/", "^~ /debug/")

DOORS: Mapping[Door, _Host] = {
    Door.CONSOLE: _Host(topology.WEB, ours=True),
    Door.API: _Host(topology.API, ours=True, judged=False),
    Door.GRAFANA: _Host(topology.GRAFANA, body="16m", websocket=True),
    Door.PROMETHEUS: _Host(
        topology.PROMETHEUS,
        closed=(*_OWN_CONTROLS, "^~ /api/v1/admin/", "= /api/v1/write", "^~ /api/v1/otlp/", "= /federate"),
    ),
    # Its status tells the addresses of webhooks, which are secrets.
    Door.ALERTMANAGER: _Host(
        topology.ALERTMANAGER, closed=(*_OWN_CONTROLS, "= /api/v2/status"), writes=True, body="256k"
    ),
}
"""Every virtual host that can have a name."""

_ON_THE_WAY_IN = ("/login", "/assets/icon.svg", "/assets/console.css", "/assets/first/")
"""What the page of the log-in needs, and so is open to anybody."""


def edge_files(config: Config, version: tuple[int, int, int], mark: str = "") -> dict[str, str]:
    """File name -> text of what nginx of this version is started with.

    Args:
        mark: of these files; nginx tells it at `/health` of its status port, once it runs with them.

    Raises:
        EdgeError: it could not start with it.
        UnusableTokenFile: a secret cannot be made or read.
    """
    doors = _doors(config)
    by_directive = version >= HTTP2_DIRECTIVE
    paths = Paths.of(config)
    certificate, key = certificate_pair(config)
    values = {
        "CERTIFICATE": str(certificate),
        "CERTIFICATE_KEY": str(key),
        "CONNECTIONS": str(config.edge.connections),
        "REQUESTS": str(config.edge.requests_per_second),
        "BURST": str(2 * config.edge.requests_per_second),
        "LISTEN": _listen(config, by_directive=by_directive),
        "HTTP2": "        http2 on;" if by_directive else "",
        "MARK": mark,
        "DOORS": "\n".join(f'        "{config.edge.names[door].rstrip(".").lower()}" {door};' for door in doors),
        "STATUS_PORT": str(config.edge.status_port),
        # Without it, as root, nginx gives the folders that it makes to nobody.
        "USER": "user root root;\n" if os.geteuid() == 0 else "",
        "VISITOR": "$edge_visitor" if config.edge.auth == "session" else "$remote_user",
        "UPSTREAMS": "\n".join(_upstream(process, config) for process in _inside(doors)),
        "HOSTS": "\n".join(_server(config, door, host, by_directive=by_directive) for door, host in doors.items()),
    }
    text = (resources.files("investiq.operate.edge") / "templates" / f"{CONFIG_FILE}.tmpl").read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    files = {CONFIG_FILE: text}
    proof = f'proxy_set_header {contract.PROOF_HEADER} "{provide_token(paths.edge_token)}";\n'
    files["proof.conf"] = proof
    for host in doors.values():
        if host.process.asks_password:
            files[_password_file(host.process)] = _password(provide_token(paths.password(host.process.name)))
    return files


def _doors(config: Config) -> dict[Door, _Host]:
    named = {Door(name): DOORS[Door(name)] for name in config.edge.names}
    if Door.GRAFANA in named and not config.monitoring.grafana:
        raise EdgeError("edge.grafana has a name, but Grafana does not run here: set monitoring.grafana, or remove it")
    if config.edge.auth == "basic" and not Paths.of(config).edge_users.is_file():
        raise EdgeError('edge.auth is "basic", and nobody has a password yet: `investiq edge user add NAME`')
    if config.edge.auth == "basic" and (weak := EdgeUsers(config).weak()):
        raise EdgeError(
            f"the password of {', '.join(weak)} is kept in a way that is quickly guessed: `investiq edge user add NAME`"
        )
    return named


def certificate_pair(config: Config) -> tuple[Path, Path]:
    """The files of certificate and key.

    Raises:
        EdgeError: only one is set, one is not there, or nginx could not start with the two.
    """
    paths, edge = Paths.of(config), config.edge
    if (edge.certificate is None) != (edge.certificate_key is None):
        raise EdgeError("edge.certificate and edge.certificate_key belong together: set both, or none")
    pair = edge.certificate or paths.edge_certificate, edge.certificate_key or paths.edge_certificate_key
    for path in pair:
        _quotable(path)
        if not path.is_file():
            raise EdgeError(
                f"the edge needs a certificate, and {path} is not there: `investiq edge certificate` makes one for a "
                "laptop; docs/edge.md says how to get one that everybody trusts"
            )
    if fault := pair_fault(*pair):
        raise EdgeError(fault)
    return pair


def _quotable(path: Path) -> str:
    if _UNQUOTABLE.search(str(path)):
        raise EdgeError(f"nginx cannot be given the path {path}: it holds a quotation mark, backslash, $ or control")
    return str(path)


def _listen(config: Config, *, by_directive: bool) -> str:
    host = f"[{config.edge.host}]" if ":" in config.edge.host else config.edge.host
    both = " ipv6only=off" if config.edge.host == "::" else ""
    return f"{host}:{config.edge.port} ssl{'' if by_directive else ' http2'}{both}"


def _inside(doors: Mapping[Door, _Host]) -> list[Process]:
    """Whom nginx asks: the API judges, and the console gives passes, whether or not they have names of their own."""
    named = {host.process.name: host.process for host in doors.values()}
    return list({topology.API.name: topology.API, topology.WEB.name: topology.WEB, **named}.values())


def _upstream(process: Process, config: Config) -> str:
    """As many connections as do not crowd out who asks from this machine itself."""
    return f"""    upstream {process.name} {{
        server {process.target(config)} max_conns=100;
        keepalive 16;
    }}
"""


def _server(config: Config, door: Door, host: _Host, *, by_directive: bool) -> str:
    lines = [
        "server {",
        # Options of the socket, such as ipv6only, are said once: by the server that comes first.
        f"    listen {_listen(config, by_directive=by_directive).removesuffix(' ipv6only=off')};",
        *(["    http2 on;"] if by_directive else []),
        f"    server_name {config.edge.names[door].rstrip('.')};",
        f"    client_max_body_size {_body(config, host)};",
        *_indented(_answer_headers(host)),
        *_indented(_request_headers(config, door, host)),
        "    if ($edge_foreign) {",
        "        return 403;",
        "    }",
        *_indented(_closed(host)),
        *_indented(_guarded(config, door, host)),
        "}",
    ]
    return "".join(f"    {line}\n" if line else "\n" for line in ["", f"# ---- {door}", *lines])


def _body(config: Config, host: _Host) -> str:
    return str(config.api.max_body_bytes) if host.process is topology.API else host.body


def _answer_headers(host: _Host) -> Iterator[str]:
    """Ours guard their pages themselves; what stands here takes the place of what the other programs say."""
    headers = {"Strict-Transport-Security": f'"{_HSTS}"', "X-Request-ID": "$edge_request_id"}
    if host.judged:
        # A location that adds one of its own would lose all of these: so both stand here, and are empty otherwise.
        yield "add_header WWW-Authenticate $edge_challenge always;"
        yield "add_header Cache-Control $edge_kept always;"
    if not host.ours:
        headers |= {
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        # Alertmanager lets the pages of every site read what it answers.
        yield from (f"proxy_hide_header Access-Control-{name};" for name in ("Allow-Origin", "Allow-Methods"))
        yield from (f"proxy_hide_header Access-Control-{name};" for name in ("Allow-Headers", "Expose-Headers"))
    for name, value in headers.items():
        yield f"proxy_hide_header {name};"
        yield f"add_header {name} {value} always;"


def _request_headers(config: Config, door: Door, host: _Host) -> Iterator[str]:
    yield "proxy_set_header Host $host$edge_port;"
    yield "proxy_set_header X-Real-IP $remote_addr;"
    yield "proxy_set_header X-Forwarded-For $remote_addr;"  # what the client says of itself is not passed on
    yield "proxy_set_header X-Forwarded-Proto $scheme;"
    yield "proxy_set_header X-Forwarded-Host $host$edge_port;"
    yield 'proxy_set_header Forwarded "";'
    yield "proxy_set_header X-Request-ID $edge_request_id;"
    yield f"proxy_set_header Upgrade {'$http_upgrade' if host.websocket else _NOTHING};"
    yield f"proxy_set_header Connection {'$edge_connection' if host.websocket else _NOTHING};"
    yield f"proxy_set_header {contract.PASS_HEADER} {_NOTHING};"
    yield f"proxy_set_header {contract.LET_IN_HEADER} {_let_in(config, door)};"
    yield f"proxy_set_header {contract.KIND_HEADER} {_NOTHING};"
    yield f"proxy_set_header {contract.DOOR_HEADER} {door};"
    if host.ours:
        yield "include proof.conf;"
    else:
        yield f"proxy_set_header {contract.PROOF_HEADER} {_NOTHING};"
    if host.process.asks_password:
        yield f"include {_password_file(host.process)};"
        yield f"proxy_set_header Cookie {_NOTHING};"
    elif host.judged:
        # A key that lets somebody in is not shown to what is inside.
        kept = _NOTHING if config.edge.auth == "basic" or host.ours else "$edge_other_authorization"
        yield f"proxy_set_header Authorization {kept};"


_NOTHING = '""'
_SAYS_HOW = "auth_request_set $edge_judged $upstream_status;"
_SAYS_WHO = f"auth_request_set $edge_visitor $upstream_http_{contract.VISITOR_HEADER.replace('-', '_')};"


def _let_in(config: Config, door: Door) -> str:
    """Whom the API has let in here: nobody, as long as it was not asked."""
    return "$edge_visitor" if door is Door.CONSOLE and config.edge.auth == "session" else _NOTHING


def _closed(host: _Host) -> Iterator[str]:
    for location in (*_CLOSED, *host.closed):
        yield f"location {location} {{"
        yield "    return 404;"
        yield "}"


def _guarded(config: Config, door: Door, host: _Host) -> Iterator[str]:
    """The locations that are passed on, and who gets there."""
    to = f"proxy_pass http://{host.process.name};"
    if not host.judged:
        yield from _location("/", to)
        return
    if door is Door.CONSOLE:
        health = "default_type application/json;", 'return 200 \'{"status": "ok", "part": "edge"}\';'
        yield from _location("= /health", "auth_basic off;", *health)
    if config.edge.auth == "basic":
        yield 'auth_basic "InvestIQ";'
        yield f'auth_basic_user_file "{_quotable(Paths.of(config).edge_users)}";'
        yield from _location("/", to)
        return
    yield from _judge(config, door, host)
    yield from _strangers(config, door)
    if door is Door.CONSOLE:
        yield from _location("= /login", "limit_req zone=logins burst=60 nodelay;", to)
        yield from (line for path in _ON_THE_WAY_IN[1:] for line in _location(f"^~ {path}", to))
        yield from _way_out(to)
    else:
        yield from _way_in(door)
    yield from _location(
        "/",
        "auth_request /.investiq/door;",
        _SAYS_WHO,
        _SAYS_HOW,
        "error_page 401 = @stranger;",
        "error_page 500 = @nobody_judges;",
        to,
    )


def _judge(config: Config, door: Door, host: _Host) -> Iterator[str]:
    """Asks the API. A pass is judged once in a while, a key each time: nginx would write it to the disk."""
    kind = "$edge_kind" if host.writes else "read"
    headers = {
        contract.DOOR_HEADER: door,
        contract.KIND_HEADER: kind,
        contract.PASS_HEADER: "$edge_pass",
        "Authorization": "$edge_key",
        "Host": topology.API.target(config),
        "X-Forwarded-For": "$remote_addr",
        "X-Request-ID": "$edge_request_id",
        "Connection": _NOTHING,
        "Content-Length": _NOTHING,
    }
    yield from _location(
        "= /.investiq/door",
        "internal;",
        "proxy_pass_request_body off;",
        "proxy_pass_request_headers off;",
        *(f"proxy_set_header {name} {value};" for name, value in headers.items()),
        "include proof.conf;",
        "proxy_read_timeout 5s;",
        "proxy_cache passes;",
        f'proxy_cache_key "{door}|{kind}|$edge_pass";',
        "proxy_cache_bypass $edge_key;",
        "proxy_no_cache $edge_key;",
        "proxy_cache_lock on;",
        f"proxy_pass http://{topology.API.name}{contract.JUDGE_PATH};",
    )


def _strangers(config: Config, door: Door) -> Iterator[str]:
    """A person is led to the log-in, a program is told."""
    # nginx cannot encode: what was asked for stands last, as it came.
    way = f"{contract.LEAVE_FOR_PATH}?to={door}" if door is Door.CONSOLE else f"{contract.ENTER_PATH}?door={door}"
    own = f"{topology.edge_url(config, door)}{way}&next=$request_uri"
    yield from _location(
        "@stranger",
        "if ($edge_opens_page) {",
        f'    return 302 "{own}";',
        "}",
        'return 401 "log in at the console, or send an API key: Authorization: Bearer iq_...\\n";',
    )
    yield from _location(
        "@nobody_judges",
        "if ($edge_judged = 429) {",  # nginx takes whatever is neither 2xx, 401 nor 403 for an error of its own
        '    return 429 "too many requests with this key: wait a minute\\n";',
        "}",
        'return 503 "nobody can be let in: the API does not answer, or the disk of the edge is full\\n";',
    )


def _way_out(to: str) -> Iterator[str]:
    """From the console to another host: the console gives the ticket, and must know whether the visitor is let in."""
    yield from _location(
        f"= {contract.LEAVE_FOR_PATH}",
        "auth_request /.investiq/door;",
        "error_page 401 = @leave_unknown;",
        "error_page 500 = @nobody_judges;",
        _SAYS_WHO,
        _SAYS_HOW,
        to,
    )
    yield from _location("@leave_unknown", to)


def _way_in(door: Door) -> Iterator[str]:
    """The console answers here, and is told nothing that is meant for the program of this host."""
    headers = {
        contract.DOOR_HEADER: door,
        contract.LET_IN_HEADER: _NOTHING,
        "Authorization": _NOTHING,
        "Connection": _NOTHING,
        "Host": "$host$edge_port",
        "X-Forwarded-For": "$remote_addr",
        "X-Forwarded-Proto": "$scheme",
        "X-Request-ID": "$edge_request_id",
    }
    yield from _location(
        f"= {contract.ENTER_PATH}",
        "limit_req zone=logins burst=60 nodelay;",
        *(f"proxy_set_header {name} {value};" for name, value in headers.items()),
        "include proof.conf;",
        f"proxy_pass http://{topology.WEB.name};",
    )


def _location(match: str, *lines: str) -> Iterator[str]:
    yield f"location {match} {{"
    yield from (f"    {line}" for line in lines)
    yield "}"


def _indented(lines: Iterator[str]) -> Iterator[str]:
    return (f"    {line}" for line in lines)


def _password_file(process: Process) -> str:
    return f"{process.name}.conf"


def _password(password: str) -> str:
    shown = base64.b64encode(f"{PROGRAM_USER}:{password}".encode()).decode("ascii")
    return f'proxy_set_header Authorization "Basic {shown}";\n'
