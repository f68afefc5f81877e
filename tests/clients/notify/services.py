"""Discord and PagerDuty on this machine: servers that check what they are sent as the published protocols say."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Answer", "Service", "discord", "pagerduty", "served"]

Answer = tuple[int, Mapping[str, str]]
Judge = Callable[[str, Any], int]


@dataclass
class Service:
    """A server and what it took.

    Attributes:
        taken: the documents that it accepted.
        refused: why it did not accept the others.
        planned: what it answers first, whatever it gets; a number of seconds in place of a status: it keeps silent.
    """

    judge: Judge
    url: str = ""
    taken: list[dict[str, Any]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    planned: list[Answer | float] = field(default_factory=list)

    def answer(self, path: str, body: bytes, content_type: str) -> Answer | float:
        if self.planned:
            return self.planned.pop(0)
        try:
            if content_type.partition(";")[0] != "application/json":
                raise ValueError(f"content type {content_type}")
            document = json.loads(body)
            status = self.judge(path, document)
        except (ValueError, KeyError, AssertionError, TypeError) as error:
            self.refused.append(repr(error))
            return 400, {}
        self.taken.append(document)
        return status, {}


def discord(path: str, document: Any) -> int:
    """Execute Webhook: needs content or embeds, within their limits; answers 204 without `wait`."""
    assert re.fullmatch(r"/api/webhooks/\d+/[\w-]+", path), path
    known = {"content", "username", "avatar_url", "tts", "embeds", "allowed_mentions", "flags", "thread_name"}
    assert set(document) <= known, set(document) - known
    content, embeds = document.get("content", ""), document.get("embeds", [])
    assert content or embeds, "cannot send an empty message"
    assert isinstance(content, str)
    assert len(content) <= 2000, "content: must be 2000 or fewer in length"
    assert len(embeds) <= 10, "embeds: must be 10 or fewer in length"
    assert sum(_embed(embed) for embed in embeds) <= 6000, "embeds exceed 6000 characters"
    assert set(document.get("allowed_mentions", {}).get("parse", ())) <= {"roles", "users", "everyone"}
    return 204


def _embed(embed: Mapping[str, Any]) -> int:
    """Its characters."""
    known = {"title", "type", "description", "url", "timestamp", "color", "footer", "image", "thumbnail", "author"}
    assert set(embed) <= known | {"fields", "provider", "video"}, set(embed)
    title, description = embed.get("title", ""), embed.get("description", "")
    assert title or description, "an embed says something"
    assert len(title) <= 256, "title: must be 256 or fewer in length"
    assert len(description) <= 4096, "description: must be 4096 or fewer in length"
    assert 0 <= embed.get("color", 0) <= 0xFFFFFF
    return len(title) + len(description)


def pagerduty(path: str, document: Any) -> int:
    """Events API v2: routing key of 32 characters, one of three actions, the payload of a trigger; answers 202."""
    assert path == "/v2/enqueue", path
    known = {
        "routing_key",
        "event_action",
        "dedup_key",
        "payload",
        "images",
        "links",
        "client",
        "client_url",
    }
    assert set(document) <= known, set(document) - known
    assert len(json.dumps(document)) <= 512 * 1024, "event is larger than 512 KB"
    assert re.fullmatch(r"[A-Za-z0-9]{32}", document["routing_key"]), "Length of 'routing_key' is incorrect"
    assert document["event_action"] in ("trigger", "acknowledge", "resolve")
    assert len(document.get("dedup_key", "")) <= 255
    if document["event_action"] != "trigger":
        assert document["dedup_key"], "'dedup_key' is missing or blank"
        return 202
    payload = document["payload"]
    fields = {"summary", "source", "severity", "timestamp", "component", "group", "class", "custom_details"}
    assert set(payload) <= fields, set(payload) - fields
    assert 0 < len(payload["summary"]) <= 1024
    assert payload["source"]
    assert payload["severity"] in ("critical", "error", "warning", "info")
    for link in document.get("links") or ():
        assert set(link) <= {"href", "text"}, set(link)
        assert re.match(r"https?://\S+$", link["href"]), "'href' must be a URL"
    return 202


@contextmanager
def served(judge: Judge, *planned: Answer | float) -> Iterator[Service]:
    """A service on a port of its own."""
    service = Service(judge, planned=list(planned))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            answer = service.answer(self.path, body, self.headers.get("content-type", ""))
            if isinstance(answer, float):
                time.sleep(answer)  # the silence itself is what is tested
                return
            self.send_response(answer[0])
            for name, value in answer[1].items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    service.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
