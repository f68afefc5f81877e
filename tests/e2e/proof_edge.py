"""`make proof-edge`: the edge as another machine sees it. What was found is printed.

Every door of the table from a second network namespace, all ports by nmap, TLS by sslyze against Mozilla's
"intermediate", and what log-in costs: requests a second through nginx with a session, with a key, and nobody asked.
"""

from __future__ import annotations

import json
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.edge import NAMES, Outside, keys_of
from tests.e2e.namespace import HOST, ip
from tests.e2e.stack import Stack
from tests.ports import free_ports

pytestmark = pytest.mark.e2e

SSLYZE = Path(".venv-proof/bin/sslyze")
ROUNDS, SECONDS = 3, 4


def test_the_edge_as_another_machine_sees_it(edged: Stack, outside: Outside, namespace: str) -> None:
    port, keys = outside.port, keys_of(edged)
    asked = {"address": HOST, "port": port, "authority": edged.settings["INVESTIQ_EDGE_CERTIFICATE"], "keys": keys}
    walked = ip("netns", "exec", namespace, sys.executable, "-m", "tests.e2e.walk", json.dumps(asked))
    doors = json.loads(walked.stdout)
    say(f"doors tried from another network: {doors['tried']}, failures {len(doors['failures'])}")
    assert doors["failures"] == []

    scanned = ip("netns", "exec", namespace, "nmap", "-n", "-Pn", "-p-", "--open", HOST).stdout
    found = re.findall(r"^(\d+)/tcp\s+open", scanned, re.MULTILINE)
    say(f"open ports, of 65,535, as nmap sees them: {', '.join(found)}; the edge's is {port}")
    assert set(map(str, edged.ports.values())).isdisjoint(found)
    assert str(port) in found


def test_tls_is_mozillas_intermediate(edged: Stack, outside: Outside, tmp_path: Path) -> None:
    if not SSLYZE.exists():
        pytest.skip("sslyze is not there: `make proof-edge` installs it")
    report = tmp_path / "sslyze.txt"
    name = NAMES["web"]
    command = [str(SSLYZE), "--mozilla_config", "intermediate", f"--sni={name}", f"127.0.0.1:{outside.port}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    report.write_text(done.stdout)
    verdict = [line.strip() for line in done.stdout.splitlines() if "COMPLIANT" in line or "FAILED" in line]
    say("sslyze against Mozilla's intermediate: " + "; ".join(verdict))
    for line in done.stdout.split("Compliance against Mozilla TLS configuration")[-1].splitlines():
        if line.strip().startswith("*"):
            say("  " + line.strip())


@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
def test_what_log_in_costs(edged: Stack, outside: Outside, tmp_path: Path) -> None:
    key = keys_of(edged)["read"]
    outside.log_in(key)
    outside.follow("prometheus", "/graph")
    held = f"Cookie: __Host-investiq_pass={outside.cookies['prometheus']['__Host-investiq_pass']}"
    nginx, open_port = nobody_asked(edged, tmp_path)
    try:
        ways = {
            "nobody asked": (open_port, "Accept: */*"),
            "session": (outside.port, held),
            "key": (outside.port, f"Authorization: Bearer {key}"),
        }
        seen: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(ROUNDS):
            for way, (port, header) in ways.items():
                seen[way].append(requests_a_second(port, header, tmp_path))
    finally:
        nginx.terminate()
        nginx.wait(10)
    medians = {way: statistics.median(figures) for way, figures in seen.items()}
    say("requests a second to Prometheus through nginx, medians of three turns: " + told(medians))
    assert medians["session"] > 0


def told(medians: Mapping[str, float]) -> str:
    most = medians["nobody asked"]
    return ", ".join(f"{way} {figure:.0f} ({figure / most:.2f})" for way, figure in medians.items())


def nobody_asked(stack: Stack, folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    """The same nginx on other ports, which asks the API nothing."""
    port, status = free_ports(2)
    for name in ("passes", "unused"):
        (folder / name).mkdir()
    for file in (stack.data / "edge").glob("*.conf"):
        text = file.read_text().replace("auth_request /.investiq/door;", "")
        text = text.replace(f":{stack.settings['INVESTIQ_EDGE_PORT']} ssl", f":{port} ssl")
        (folder / file.name).write_text(text.replace(f":{stack.ports['edge']}", f":{status}"))
    command = ["nginx", "-p", f"{folder}/", "-c", str(folder / "nginx.conf"), "-e", "stderr"]
    started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return started, port


def requests_a_second(port: int, header: str, folder: Path) -> float:
    """As wrk measures it, which goes by names: they lead here in a mount namespace of its own."""
    hosts = folder / "hosts"
    hosts.write_text(f"127.0.0.1 localhost {NAMES['prometheus']}\n")
    url = f"https://{NAMES['prometheus']}:{port}/api/v1/query?query=1"
    script = 'mount --bind "$1" /etc/hosts && exec wrk -t1 -c16 -d"$2"s -H "$3" "$4"'
    command = ["unshare", "-m", "sh", "-c", script, "sh", str(hosts), str(SECONDS), header, url]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in output, output
    found = re.search(r"Requests/sec:\s+([\d.]+)", output)
    assert found is not None, output
    return float(found[1])


def say(line: str) -> None:
    print(f"\n{line}", end="")  # noqa: T201  what this is for
