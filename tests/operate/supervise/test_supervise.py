"""The supervisor, with real processes that behave as a test tells them."""

from __future__ import annotations

import asyncio
import os
import signal

import psutil
import pytest

from investiq.foundation.config.schema import LoggingConfig
from investiq.operate.supervise.logs import tail
from investiq.operate.supervise.status import PartStatus, Phase, ProcessState
from investiq.operate.supervise.supervisor import Supervisor, UnknownPart
from tests.operate.supervise.conftest import Fakes, life_of, part_until, until


def _running(snapshot: object) -> bool:
    return getattr(snapshot, "phase", None) is Phase.RUNNING


async def test_a_part_starts_when_what_it_needs_is_healthy_and_not_before(fakes: Fakes) -> None:
    (fakes.folder / "api.sick").touch()
    parts = [fakes.part("api"), fakes.part("web", needs=("api",))]
    async with fakes.running(*parts) as supervisor:
        waiting = await part_until(supervisor, "web", lambda web: web.state is ProcessState.WAITING)
        assert waiting.note == "for api"
        await part_until(supervisor, "api", lambda api: api.pid is not None)
        assert "start web" not in fakes.trace()

        (fakes.folder / "api.sick").unlink()
        snapshot = await until(supervisor, _running)
        assert snapshot["web"].state is ProcessState.HEALTHY


async def test_parts_that_need_nothing_of_each_other_start_together(fakes: Fakes) -> None:
    (fakes.folder / "api.sick").touch()
    async with fakes.running(fakes.part("api"), fakes.part("node")) as supervisor:
        await part_until(supervisor, "node", lambda node: node.state is ProcessState.HEALTHY)
        assert supervisor.snapshot()["api"].state is ProcessState.STARTING


async def loading(fakes: Fakes, supervisor: Supervisor) -> PartStatus:
    """The agent, once its process runs ahead of its turn."""
    async with asyncio.timeout(30):
        while "load agent" not in fakes.trace():
            await asyncio.sleep(0.01)
    return supervisor.snapshot()["agent"]


async def test_a_part_that_loads_ahead_begins_when_it_is_its_turn(fakes: Fakes) -> None:
    (fakes.folder / "api.sick").touch()
    async with fakes.running(fakes.part("api"), fakes.part("agent", needs=("api",), loads_ahead=True)) as supervisor:
        waiting = await loading(fakes, supervisor)
        assert (waiting.state, waiting.note) == (ProcessState.WAITING, "for api")
        assert "start agent" not in fakes.trace()

        (fakes.folder / "api.sick").unlink()
        snapshot = await until(supervisor, _running)
        assert (snapshot["agent"].pid, snapshot["agent"].restarts) == (waiting.pid, 0)
        os.kill(snapshot["agent"].pid or 0, signal.SIGKILL)
        await part_until(supervisor, "agent", lambda agent: agent.restarts == 1 and agent.state is ProcessState.HEALTHY)
    assert fakes.trace().count("load agent") == 1, "what it needs is there when it comes back"


async def test_a_part_that_loads_ahead_is_stopped_before_its_turn(fakes: Fakes) -> None:
    (fakes.folder / "api.sick").touch()
    async with fakes.running(fakes.part("api"), fakes.part("agent", needs=("api",), loads_ahead=True)) as supervisor:
        await loading(fakes, supervisor)
    assert not fakes.processes()
    assert "start agent" not in fakes.trace()


async def test_a_part_that_dies_while_it_loads_ahead_is_started_when_it_is_its_turn(fakes: Fakes) -> None:
    (fakes.folder / "api.sick").touch()
    async with fakes.running(fakes.part("api"), fakes.part("agent", needs=("api",), loads_ahead=True)) as supervisor:
        waiting = await loading(fakes, supervisor)
        os.kill(waiting.pid or 0, signal.SIGKILL)
        (fakes.folder / "api.sick").unlink()
        snapshot = await until(supervisor, _running)
        assert snapshot["agent"].state is ProcessState.HEALTHY
        assert snapshot["agent"].restarts == 1


async def test_a_step_runs_once_and_lets_the_next_part_go_on(fakes: Fakes) -> None:
    parts = [fakes.part("model", "--once", "--say", "fold 3 of 8"), fakes.part("signals", needs=("model",))]
    async with fakes.running(*parts) as supervisor:
        snapshot = await until(supervisor, _running)
        assert snapshot["model"].state is ProcessState.DONE
        assert fakes.trace() == ["start model", "start signals"]


async def test_a_step_that_fails_ends_the_start(fakes: Fakes) -> None:
    parts = [fakes.part("model", "--once", "--crashes", "9"), fakes.part("signals", needs=("model",))]
    failure = await life_of(fakes.supervisor(*parts))
    assert failure is not None
    assert failure.part == "model"
    assert fakes.trace() == ["start model"]


async def test_everything_stops_in_the_reverse_order_of_dependence(fakes: Fakes) -> None:
    parts = [fakes.part("api"), fakes.part("web", needs=("api",)), fakes.part("prometheus", needs=("api", "web"))]
    async with fakes.running(*parts) as supervisor:
        await until(supervisor, _running)
    assert fakes.trace()[-3:] == ["stop prometheus", "stop web", "stop api"]
    assert not fakes.processes()


async def test_a_watcher_stops_first_without_having_waited_for_what_it_watches(fakes: Fakes) -> None:
    (fakes.folder / "api.sick").touch()
    async with fakes.running(fakes.part("api"), fakes.part("prometheus", outlived_by=("api",))) as supervisor:
        await part_until(supervisor, "prometheus", lambda prometheus: prometheus.state is ProcessState.HEALTHY)
        assert supervisor.snapshot()["api"].state is ProcessState.STARTING
        (fakes.folder / "api.sick").unlink()
        await until(supervisor, _running)
    assert fakes.trace()[-2:] == ["stop prometheus", "stop api"]


async def test_a_part_that_ignores_the_request_to_end_is_killed(fakes: Fakes) -> None:
    async with fakes.running(fakes.part("api", "--stubborn", stop_seconds=0.1)) as supervisor:
        await until(supervisor, _running)
    assert not fakes.processes()


async def test_what_a_part_started_ends_with_it(fakes: Fakes) -> None:
    async with fakes.running(fakes.part("api", "--grandchild")) as supervisor:
        api = await part_until(supervisor, "api", lambda api: api.state is ProcessState.HEALTHY)
        (grandchild,) = psutil.Process(api.pid).children()
        os.kill(api.pid or 0, signal.SIGKILL)
        await part_until(supervisor, "api", lambda api: api.restarts == 1)
        _, alive = psutil.wait_procs([grandchild], timeout=5)
        assert not alive


async def test_a_killed_part_is_started_again_and_counted(fakes: Fakes) -> None:
    async with fakes.running(fakes.part("api")) as supervisor:
        before = await part_until(supervisor, "api", lambda api: api.state is ProcessState.HEALTHY)
        os.kill(before.pid or 0, signal.SIGKILL)
        after = await part_until(supervisor, "api", lambda api: api.restarts == 1 and api.state is ProcessState.HEALTHY)
        assert after.pid != before.pid


async def test_a_part_that_is_not_to_be_restarted_stays_down_until_it_is_asked_for(fakes: Fakes) -> None:
    async with fakes.running(fakes.part("api"), fakes.part("web"), no_restart=("api",)) as supervisor:
        await until(supervisor, _running)
        os.kill(supervisor.snapshot()["api"].pid or 0, signal.SIGKILL)
        crashed = await part_until(supervisor, "api", lambda api: api.state is ProcessState.CRASHED)
        assert "signal 9" in crashed.note
        assert crashed.pid is None
        assert supervisor.snapshot()["web"].state is ProcessState.HEALTHY

        supervisor.start_part("api")
        await part_until(supervisor, "api", lambda api: api.state is ProcessState.HEALTHY)


async def test_a_held_part_stays_down_and_the_others_run_on(fakes: Fakes) -> None:
    async with fakes.running(fakes.part("api"), fakes.part("web", needs=("api",))) as supervisor:
        await until(supervisor, _running)
        await supervisor.stop_part("api")
        assert supervisor.snapshot()["api"].state is ProcessState.STOPPED_BY_USER
        assert supervisor.snapshot()["web"].state is ProcessState.HEALTHY
        assert fakes.trace()[-1] == "stop api"

        supervisor.start_part("api")
        await part_until(supervisor, "api", lambda api: api.state is ProcessState.HEALTHY)
        assert supervisor.snapshot()["api"].restarts == 0


async def test_starting_a_part_that_runs_changes_nothing(fakes: Fakes) -> None:
    async with fakes.running(fakes.part("api")) as supervisor:
        await until(supervisor, _running)
        supervisor.start_part("api")
        assert supervisor.snapshot()["api"].state is ProcessState.HEALTHY
    assert fakes.trace() == ["start api", "stop api"]


async def test_a_part_that_stops_answering_is_unhealthy_and_recovers_without_a_restart(fakes: Fakes) -> None:
    async with fakes.running(fakes.part("api")) as supervisor:
        await until(supervisor, _running)
        (fakes.folder / "api.sick").touch()
        sick = await part_until(supervisor, "api", lambda api: api.state is ProcessState.UNHEALTHY)
        assert "503" in sick.note
        (fakes.folder / "api.sick").unlink()
        well = await part_until(supervisor, "api", lambda api: api.state is ProcessState.HEALTHY)
        assert (well.restarts, well.note) == (0, "")


async def test_a_part_without_a_port_is_healthy_when_it_stays_alive(fakes: Fakes) -> None:
    async with fakes.running(fakes.part("agent", "--no-port")) as supervisor:
        agent = await part_until(supervisor, "agent", lambda agent: agent.state is ProcessState.HEALTHY)
        assert agent.memory_bytes is not None
        assert agent.memory_bytes > 1_000_000


async def test_a_part_that_crashes_twice_at_its_start_still_comes_up(fakes: Fakes) -> None:
    async with fakes.running(fakes.part("api", "--crashes", "2")) as supervisor:
        snapshot = await until(supervisor, _running)
        assert snapshot["api"].restarts == 2


async def test_a_part_that_crashes_again_and_again_ends_the_start_of_all(fakes: Fakes) -> None:
    failure = await life_of(fakes.supervisor(fakes.part("inbox"), fakes.part("api", "--crashes", "99")))
    assert failure is not None
    assert failure.cause == "api cannot start: it ended with exit code 3 (3 times)"
    assert fakes.trace().count("start api") == 3
    assert not fakes.processes()


async def test_a_part_that_says_why_it_cannot_start_is_not_asked_twice(fakes: Fakes) -> None:
    broken = fakes.part(
        "api", "--crashes", "99", "--say", "error: the ledger is from a newer version: upgrade InvestIQ"
    )
    failure = await life_of(fakes.supervisor(fakes.part("inbox"), broken))
    assert failure is not None
    assert failure.cause == (
        "api cannot start: it ended with exit code 3: the ledger is from a newer version: upgrade InvestIQ"
    )
    assert "investiq up" in failure.fix
    assert failure.log == str(fakes.folder / "logs" / "api.log")
    assert fakes.trace().count("start api") == 1
    assert not fakes.processes()


async def test_what_an_earlier_run_logged_is_not_taken_for_the_cause(fakes: Fakes) -> None:
    (fakes.folder / "logs").mkdir()
    (fakes.folder / "logs" / "api.log").write_text("error: an old story\n")
    failure = await life_of(fakes.supervisor(fakes.part("api", "--crashes", "99")))
    assert failure is not None
    assert "old story" not in failure.cause
    assert failure.last_lines == ()


async def test_a_part_that_hangs_at_its_start_ends_the_start_of_all(fakes: Fakes) -> None:
    (fakes.folder / "api.sick").touch()
    failure = await life_of(fakes.supervisor(fakes.part("api", start_seconds=0.2)))
    assert failure is not None
    assert failure.cause.startswith("api was not well after 0.2 s: ")  # what it says by then depends on the machine


async def test_a_program_that_cannot_be_executed_is_a_failure_not_a_crash_of_the_supervisor(fakes: Fakes) -> None:
    part = fakes.part("api", "--no-port")
    gone = type(part)(name="api", what="gone", argv=(str(fakes.folder / "no-such-program"),))
    failure = await life_of(fakes.supervisor(gone))
    assert failure is not None
    assert "no-such-program" in " ".join(failure.last_lines)


async def test_the_output_of_a_part_goes_to_its_own_rotated_log(fakes: Fakes) -> None:
    fakes.log = LoggingConfig(max_bytes=10_000, backups=2)
    logs = fakes.folder / "logs"
    logs.mkdir()
    (logs / "api.log").write_bytes(b"an older line\n" * 714)
    async with fakes.running(fakes.part("api", "--say", "hello from the api")) as supervisor:
        await until(supervisor, _running)
    assert tail(logs / "api.log", 1) == ("hello from the api",)
    assert tail(logs / "api.log.1", 1) == ("an older line",)


async def test_a_follower_sees_the_end(fakes: Fakes) -> None:
    phases = []
    async with fakes.running(fakes.part("api")) as supervisor:
        async for snapshot in supervisor.follow():
            phases.append(snapshot.phase)
            if snapshot.phase is Phase.RUNNING:
                supervisor.stop()
    assert [phase for phase, before in zip(phases, [None, *phases], strict=False) if phase is not before] == [
        Phase.STARTING,
        Phase.RUNNING,
        Phase.STOPPING,
        Phase.STOPPED,
    ]


async def test_a_part_that_does_not_exist_is_named(fakes: Fakes) -> None:
    with pytest.raises(UnknownPart, match="no part is called 'apy'; there are api"):
        fakes.supervisor(fakes.part("api"), no_restart=("apy",))
