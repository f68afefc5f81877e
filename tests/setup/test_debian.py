"""setup/debian.sh: packages come in, their services neither start nor stay enabled, everything else stays as it was."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.setup.conftest import Machine

APT = """
echo "apt-get $*" >>$HOME/calls
echo "$PATH" >>$HOME/paths
case "$*" in
    *--download-only*) [[ -z ${unreachable-} || -e $HOME/lists ]] || exit 100 ;;
    *update*) touch $HOME/lists ;;
    *)
        for service in prometheus postgresql@15-main cron; do
            code=0; $policy $service start || code=$?
            echo "$service $code" >>$HOME/answers
        done
        echo started
        if [[ -n ${slow-} ]]; then touch $HOME/installing; while [[ ! -e $HOME/go ]]; do sleep 0.02; done; fi
        exit ${apt_code:-0} ;;
esac
"""
OLD_POLICY = "#!/bin/sh\nexit 0\n"


@pytest.fixture
def debian(machine: Machine) -> Machine:
    """A machine with systemd, a policy of its own, and node exporter installed before."""
    home = machine.clone
    for name in ("units", "scripts", "runs"):
        (home / name).mkdir()
    for service in ("prometheus", "prometheus-node-exporter", "prometheus-alertmanager", "postgresql"):
        (home / "units" / f"{service}.service").touch()
    policy = home / "policy-rc.d"
    policy.write_text(OLD_POLICY)
    policy.chmod(0o755)
    machine.environment = {
        "policy": str(policy),
        "units": str(home / "units"),
        "scripts": str(home / "scripts"),
        "systemd_runs": str(home / "runs"),
    }
    machine.program("apt-get", APT)
    machine.program("dpkg-query", "[[ ${!#} != prometheus-node-exporter ]] || echo -n installed")
    machine.program("systemctl", 'echo "systemctl $*" >>$HOME/calls')
    machine.program("deb-systemd-helper", 'echo "deb-systemd-helper $*" >>$HOME/calls')
    machine.program("update-rc.d", 'echo "update-rc.d $*" >>$HOME/calls')
    return machine


def _install(machine: Machine, *packages: str, **environment: str) -> tuple[int, str]:
    return machine.run("bash", "setup/debian.sh", *packages, **environment)


def _calls(machine: Machine) -> list[str]:
    file = machine.clone / "calls"
    return file.read_text().splitlines() if file.exists() else []


def _policy_is_back(machine: Machine) -> bool:
    policy = Path(machine.environment["policy"])
    return policy.read_text() == OLD_POLICY and not policy.with_name("policy-rc.d.before-investiq").exists()


def test_a_root_with_the_path_of_a_user_finds_the_tools_for_services(debian: Machine) -> None:
    assert _install(debian, "prometheus")[0] == 0
    for path in (debian.clone / "paths").read_text().splitlines():
        assert {"/usr/sbin", "/sbin"} <= set(path.split(":"))


def test_new_services_are_denied_during_the_installation_and_disabled_after_it(debian: Machine) -> None:
    code, output = _install(debian, "prometheus", "postgresql")
    assert code == 0, output
    assert (debian.clone / "answers").read_text().splitlines() == ["prometheus 101", "postgresql@15-main 101", "cron 0"]
    assert _calls(debian)[-2:] == ["systemctl disable prometheus.service", "systemctl disable postgresql.service"]
    assert _policy_is_back(debian)


def test_recommended_packages_stay_out(debian: Machine) -> None:
    """Prometheus recommends the node exporter's collectors, and those bring timers of their own."""
    _install(debian, "prometheus")
    assert all("--no-install-recommends" in call for call in _calls(debian) if call.startswith("apt-get"))


def test_a_package_that_was_there_before_is_left_alone(debian: Machine) -> None:
    _install(debian, "prometheus-node-exporter", "prometheus")
    assert not [call for call in _calls(debian) if "node-exporter" in call]


def test_nothing_is_done_when_all_are_installed(debian: Machine) -> None:
    assert _install(debian, "prometheus-node-exporter") == (0, "")
    assert not _calls(debian)


def test_services_are_disabled_where_systemd_does_not_run(debian: Machine) -> None:
    (debian.clone / "runs").rmdir()
    _install(debian, "prometheus")
    assert _calls(debian)[-2:] == ["deb-systemd-helper disable prometheus.service", "update-rc.d prometheus disable"]


def test_package_lists_are_fetched_only_when_a_download_fails(debian: Machine) -> None:
    _install(debian, "prometheus")
    assert not [call for call in _calls(debian) if call.endswith(" update")]
    code, _ = _install(debian, "prometheus", unreachable="yes")
    assert code == 0
    assert len([call for call in _calls(debian) if call.endswith(" update")]) == 1


def test_a_failed_installation_disables_the_services_restores_the_policy_and_fails(debian: Machine) -> None:
    code, _ = _install(debian, "prometheus", apt_code="100")
    assert code == 100
    assert "systemctl disable prometheus.service" in _calls(debian)
    assert _policy_is_back(debian)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_installation_is_finished_first(debian: Machine, number: signal.Signals, code: int) -> None:
    """Every service is disabled and the policy is back, although the signal goes to all processes at once."""
    process = debian.start("bash", "setup/debian.sh", "prometheus", "prometheus-alertmanager", slow="yes")
    assert process.stdout is not None
    for _ in iter(lambda: (debian.clone / "installing").exists() or process.poll() is not None, True):
        signal.sigtimedwait([], 0.01)
    os.killpg(process.pid, number)
    (debian.clone / "go").touch()
    process.communicate(timeout=30)
    assert process.returncode == code
    disabled = [call for call in _calls(debian) if call.startswith("systemctl")]
    assert disabled == [f"systemctl disable {name}.service" for name in ("prometheus", "prometheus-alertmanager")]
    assert _policy_is_back(debian)
