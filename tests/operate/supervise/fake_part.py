"""A part for tests: a real process that serves, crashes, hangs or dawdles as it is told.

Run with `-S -E`, so that it starts in some milliseconds; it uses the standard library only.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


def main() -> None:
    arguments = _parse()
    if arguments.gate:
        trace(arguments, f"load {arguments.name}")
        if not os.read(arguments.gate, 1):
            sys.exit(3)
    trace(arguments, f"start {arguments.name}")
    if arguments.say:
        sys.stderr.write(arguments.say + "\n")
    if arguments.tell:
        sys.stderr.write(f"{arguments.tell}={os.environ.get(arguments.tell)}\n")
    if arguments.crashes and _starts(arguments) <= arguments.crashes:
        sys.exit(arguments.exit_code)
    if arguments.once:
        sys.exit(0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN if arguments.stubborn else lambda *_: _end(arguments))
    if arguments.grandchild:
        subprocess.Popen([sys.executable, "-S", "-E", "-c", "import time; time.sleep(600)"])
    if arguments.port:
        _serve(arguments)
    while True:
        time.sleep(600)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int)
    parser.add_argument("--fd", type=int, action="append", default=[], help="a listening socket that is inherited")
    parser.add_argument("--gate", type=int, help="a pipe to wait at before anything else")
    parser.add_argument("--crashes", type=int, default=0, help="how many starts end in a crash")
    parser.add_argument("--exit-code", type=int, default=3)
    parser.add_argument("--say")
    parser.add_argument("--tell", help="an environment variable whose value is printed")
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--stubborn", action="store_true", help="ignore SIGTERM")
    parser.add_argument("--grandchild", action="store_true", help="start a process and leave it behind")
    return parser.parse_args()


def trace(arguments: argparse.Namespace, text: str) -> None:
    with (arguments.folder / "trace").open("a") as file:
        file.write(text + "\n")


def _starts(arguments: argparse.Namespace) -> int:
    trace_file: Path = arguments.folder / "trace"
    return trace_file.read_text().splitlines().count(f"start {arguments.name}")


def _end(arguments: argparse.Namespace) -> None:
    trace(arguments, f"stop {arguments.name}")
    os._exit(0)


def _serve(arguments: argparse.Namespace) -> None:
    """Healthy, unless there is a file `NAME.sick` in the folder."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sick = (arguments.folder / f"{arguments.name}.sick").exists()
            self.send_response(503 if sick else 200)
            self.end_headers()
            self.wfile.write(b'{"status":"ok"}')

        def log_message(self, *_: object) -> None:
            pass

    if os.environ.get("LISTEN_PID") == str(os.getpid()):
        arguments.fd = list(range(3, 3 + int(os.environ["LISTEN_FDS"])))
    for descriptor in arguments.fd:
        server = HTTPServer(("127.0.0.1", arguments.port), Handler, bind_and_activate=False)
        server.socket.close()
        server.socket = socket.socket(fileno=descriptor)
        threading.Thread(target=server.serve_forever).start()
    if not arguments.fd:
        HTTPServer(("127.0.0.1", arguments.port), Handler).serve_forever()


if __name__ == "__main__":
    main()
