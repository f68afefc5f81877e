"""`make proof-edge`: the edge as another machine sees it. What was found is printed.

Every door of the table from a second network namespace, all ports by nmap, TLS by sslyze against Mozilla's
"intermediate", and what log-in costs: requests a second with nobody asked, with a session, with a key, and with
the passwords of `auth = "basic"`.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from investiq.foundation.config.load import load
from investiq.operate.edge.files import version_of
from investiq.operate.edge.nginx import edge_files
from investiq.operate.edge.users import EdgeUsers
from tests.e2e.edge import NAMES, Outside, authority_of, keys_of
from tests.e2e.namespace import HOST, ip
from tests.e2e.stack import Stack
from tests.operate.edge.running import NGINX, nginx_in
from tests.ports import free_ports

pytestmark = pytest.mark.e2e

SSLYZE = Path(".venv-proof/bin/sslyze")
ROUNDS, SECONDS = 3, 4
CHOSEN = "a password that a person chose"


def test_the_edge_as_another_machine_sees_it(edged: Stack, outside: Outside, namespace: str) -> None:
    port, keys = outside.port, keys_of(edged)
    asked = {"address": HOST, "port": port, "authority": authority_of(edged), "keys": keys}
    walked = ip("netns", "exec", namespace, sys.executable, "-m", "tests.e2e.walk", json.dumps(asked))
    assert walked.returncode == 0, walked.stderr
    doors = json.loads(walked.stdout)
    say(f"doors tried from another network: {doors['tried']}, failures {len(doors['failures'])}")
    assert doors["failures"] == []

    scanned = ip("netns", "exec", namespace, "nmap", "-n", "-Pn", "-p-", "--open", HOST).stdout
    found = re.findall(r"^(\d+)/tcp\s+open", scanned, re.MULTILINE)
    say(f"open ports, of 65,535, as nmap sees them: {', '.join(found)}; the edge's is {port}")
    assert set(map(str, edged.ports.values())).isdisjoint(found)
    assert str(port) in found


def test_tls_is_mozillas_intermediate(edged: Stack, outside: Outside) -> None:
    if not SSLYZE.exists():
        pytest.skip("sslyze is not there: `make proof-edge` installs it")
    asked = ("--mozilla_config", "intermediate", "--certinfo_ca_file", authority_of(edged), f"--sni={NAMES['web']}")
    command = [str(SSLYZE), *asked, f"127.0.0.1:{outside.port}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    verdict = done.stdout.partition("COMPLIANCE AGAINST TLS CONFIGURATION")[2]
    say("sslyze: " + "; ".join(line.strip() for line in verdict.splitlines() if "ompliant" in line))
    assert done.returncode == 0, verdict
    assert f"127.0.0.1:{outside.port}: OK - Compliant." in verdict


@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
def test_what_log_in_costs(edged: Stack, outside: Outside, tmp_path: Path) -> None:
    key = keys_of(edged)["read"]
    outside.log_in(key)
    outside.follow("prometheus", "/graph")
    held = f"Cookie: __Host-investiq_pass={outside.cookies['prometheus']['__Host-investiq_pass']}"
    config = load(environ=edged.environment).config
    users = EdgeUsers(config)
    generated = users.add("script")
    users.add_chosen("mary", CHOSEN)
    with (
        nginx_beside(edged, tmp_path / "open", "session") as nobody_asked,
        nginx_beside(edged, tmp_path / "basic", "basic") as basic,
    ):
        ways = {
            "nobody asked": (nobody_asked, "Accept: */*"),
            "session": (outside.port, held),
            "key": (outside.port, f"Authorization: Bearer {key}"),
            "basic, generated": (basic, password("script", generated)),
            "basic, bcrypt 10": (basic, password("mary", CHOSEN)),
        }
        seen: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(ROUNDS):
            for way, (port, header) in ways.items():
                seen[way].append(requests_a_second(port, header, tmp_path))
    medians = {way: statistics.median(figures) for way, figures in seen.items()}
    say(f"requests a second to Prometheus through nginx, medians of {ROUNDS} turns: " + told(medians))
    # One answer is asked of the API in five seconds; a password is hashed each time.
    assert medians["session"] > 10 * medians["basic, bcrypt 10"]


def told(medians: Mapping[str, float]) -> str:
    most = medians["nobody asked"]
    return ", ".join(f"{way} {figure:.0f} ({figure / most:.2f})" for way, figure in medians.items())


def password(name: str, secret: str) -> str:
    return "Authorization: Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


@contextmanager
def nginx_beside(stack: Stack, folder: Path, auth: str) -> Iterator[int]:
    """Another nginx in front of the same programs, with that log-in; where it is "session", nobody is asked for one."""
    port, status = free_ports(2)
    settings = {"INVESTIQ_EDGE_PORT": str(port), "INVESTIQ_EDGE_STATUS_PORT": str(status), "INVESTIQ_EDGE_AUTH": auth}
    config = load(environ={**stack.environment, **settings}).config
    for name in ("passes", "unused"):
        (folder / name).mkdir(parents=True)
    for name, text in edge_files(config, version_of(NGINX)).items():
        (folder / name).write_text(text.replace("auth_request /.investiq/door;", ""))
    with nginx_in(folder, port):
        yield port


def requests_a_second(port: int, header: str, folder: Path) -> float:
    """As wrk measures it, which goes by names: they lead here in a mount namespace of its own."""
    hosts = folder / "hosts"
    hosts.write_text(f"127.0.0.1 localhost {NAMES['prometheus']}\n")
    url = f"https://{NAMES['prometheus']}:{port}/api/v1/query?query=1"
    script = 'mount --bind "$1" /etc/hosts && exec wrk -t1 -c16 -d"$2"s --timeout 10s -H "$3" "$4"'
    command = ["unshare", "-m", "sh", "-c", script, "sh", str(hosts), str(SECONDS), header, url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Non-2xx" not in done.stdout, done.stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    assert found is not None, done.stdout
    return float(found[1])


def say(line: str) -> None:
    print(f"\n{line}", end="")  # noqa: T201  what this is for
