"""From the reports of supervisors to the state of a system."""

from __future__ import annotations

from pathlib import Path
from socket import gethostname
from typing import Any

import pytest
from msgspec import to_builtins

from everdoor.cli.state import (
    Seat,
    find_portal,
    metrics_urls,
    notes,
    services_elsewhere,
    system_state,
)
from everdoor.errors import UserError
from everdoor.messages.calls import StatusReport, WorkerReport
from everdoor.settings import Settings


def worker(index: int = 0, state: str = "up", pid: int = 200, **info: Any) -> WorkerReport:
    return WorkerReport(index, state, pid, 0, 0.0, info)


def test_state_of_nothing_is_down() -> None:
    assert to_builtins(system_state([])) == {
        "auth": {"state": "down", "pid": None, "worker_pid": None},
        "server": {
            "state": "down",
            "pid": None,
            "worker_pid": None,
            "generation": None,
            "sessions": None,
        },
        "portals": [],
    }


def test_state_of_a_whole_system() -> None:
    portals = [
        worker(0, pid=300, id="snake.portal.1.0", incarnation=170, sessions=7),
        worker(1, pid=301, id="snake.portal.1.1", incarnation=171, sessions=8),
    ]
    reports = [
        StatusReport("server", "up", 20, [worker(pid=200, generation=3, sessions=15)]),
        StatusReport("portal.1", "up", 30, portals),
        StatusReport("auth", "up", 10, [worker(pid=100, metrics="http://127.0.0.1:4010/metrics")]),
    ]

    assert to_builtins(system_state(reports)) == {
        "auth": {"state": "up", "pid": 10, "worker_pid": 100},
        "server": {"state": "up", "pid": 20, "worker_pid": 200, "generation": 3, "sessions": 15},
        "portals": [
            {
                "id": "snake.portal.1.0",
                "incarnation": 170,
                "state": "up",
                "pid": 30,
                "worker_pid": 300,
                "sessions": 7,
            },
            {
                "id": "snake.portal.1.1",
                "incarnation": 171,
                "state": "up",
                "pid": 30,
                "worker_pid": 301,
                "sessions": 8,
            },
        ],
    }


def test_state_of_services_that_another_host_runs(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, server_endpoint="tcp://game.example:4500")
    elsewhere = services_elsewhere(settings)

    state = system_state([], elsewhere)

    assert elsewhere == {"server": "tcp://game.example:4500"}
    assert (state.auth.state, state.server.state) == ("down", "elsewhere")


def test_state_of_a_server_without_a_worker_keeps_its_supervisor() -> None:
    state = system_state([StatusReport("server", "down", 20, [worker(state="down", pid=0)])])

    assert (state.server.state, state.server.pid, state.server.worker_pid) == ("down", 20, None)


def test_state_of_a_portal_that_cannot_say_its_id() -> None:
    state = system_state([StatusReport("portal.1", "starting", 30, [worker(state="starting")])])

    (portal,) = state.portals
    assert (portal.id, portal.incarnation, portal.sessions) == (
        f"{gethostname()}.portal.1.0",
        None,
        None,
    )


def test_notes_tell_deaths_and_the_pause() -> None:
    dying = WorkerReport(0, "down", 0, 4, 0.52, {})

    assert notes(StatusReport("server", "down", 20, [dying])) == [
        "worker 0 died 4 times in a row, starts again in 0.5 s"
    ]


def test_notes_tell_the_port_once() -> None:
    workers = [worker(0, telnet_port=4000), worker(1, telnet_port=4000)]

    assert notes(StatusReport("portal.1", "up", 30, workers)) == ["telnet port 4000"]


def test_notes_tell_why_the_server_refuses_a_portal() -> None:
    refused = worker(index=1, refusal="it speaks another version")
    assert notes(StatusReport("portal.1", "up", 30, [worker(refusal=""), refused])) == [
        "worker 1 is refused by the server: it speaks another version"
    ]


def test_notes_tell_what_a_worker_cannot_do() -> None:
    locked = worker(trouble="database is locked")
    assert notes(StatusReport("server", "up", 20, [locked])) == ["database is locked"]


def test_notes_are_none_when_all_is_well() -> None:
    assert notes(StatusReport("server", "up", 20, [worker()])) == []


def test_metrics_are_told_by_who_has_them() -> None:
    reports = [
        StatusReport("server", "up", 20, [worker(metrics="http://127.0.0.1:4011/metrics")]),
        StatusReport("auth", "up", 10, [worker()]),
    ]
    assert metrics_urls(reports) == {"server": "http://127.0.0.1:4011/metrics"}


def test_portal_is_found_by_its_id_and_those_that_run_are_named() -> None:
    here = StatusReport("portal.1", "up", 30, [worker(id="snake.portal.1.0", incarnation=7)])
    dumb = StatusReport("portal.2", "hanging", 40, [worker(state="hanging")])
    reports = {"portal.1": here, "portal.2": dumb, "server": None, "auth": None}
    assert find_portal("snake.portal.1.0", reports) == Seat("portal.1", 0, 7)
    assert find_portal(f"{gethostname()}.portal.2.0", reports) == Seat("portal.2", 0, None)
    with pytest.raises(UserError, match="'nobody' does not run.*: snake.portal.1.0"):
        find_portal("nobody", {"portal.1": here})


def test_portal_has_left_when_its_life_is_over_or_its_process() -> None:
    def reported(**how: Any) -> dict[str, StatusReport | None]:
        return {"portal.1": StatusReport("portal.1", "up", 30, [worker(**how)])}

    seat = Seat("portal.1", 0, 7)
    assert not seat.is_left(reported(state="draining", incarnation=7))
    assert not seat.is_left(reported(state="draining"))
    assert not seat.is_left({"portal.1": None})
    assert seat.is_left(reported(state="down", pid=0))
    assert seat.is_left(reported(incarnation=8))
    assert not Seat("portal.1", 0, None).is_left(reported(incarnation=8))
    assert seat.is_left({})
