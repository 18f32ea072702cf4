"""`everdoor up`, `status` and `down`, with real processes."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from collections.abc import Callable

import pytest

from everdoor_program import Shell, press_ctrl_c, read_all, read_until


@pytest.mark.parametrize("stop", [press_ctrl_c, subprocess.Popen.terminate])
def test_up_stops_all_when_it_is_told_to(
    shell: Shell, stop: Callable[[subprocess.Popen[str]], None]
) -> None:
    shell.make_old_home()
    shell.procfile("one: echo one is here; exec sleep 60\ntwo: echo two is here; exec sleep 60\n")

    with shell.start("up") as up:
        seen = read_until(up, "is here") + read_until(up, "is here")
        stop(up)
        rest = read_all(up)

        assert up.wait() == 0
    assert "one is here" in seen and "two is here" in seen
    assert "Traceback" not in rest


def test_up_ends_with_the_child_that_could_not_start(shell: Shell) -> None:
    shell.make_old_home()
    shell.procfile("good: exec sleep 60\nbad: echo the port is taken >&2; exit 3\n")

    with shell.start("up") as up:
        seen = read_all(up)

        assert up.wait() == 3
    assert "bad.1    | the port is taken" in seen


@pytest.mark.parametrize(("end", "code"), [("exit 0", 0), ("exit 7", 1), ("no-such-program", 3)])
def test_up_ends_when_a_child_ends(shell: Shell, end: str, code: int) -> None:
    shell.make_old_home()
    shell.procfile(f"good: exec sleep 60\nother: {end}\n")

    with shell.start("up") as up:
        read_all(up)

        assert up.wait() == code


def test_up_says_once_what_is_wrong_with_the_home(shell: Shell) -> None:
    shell.home.write_text("a file")
    shell.procfile("quick: true\n")

    outcome = shell.run("up")

    assert outcome.returncode == 3
    assert outcome.stderr.splitlines() == [
        f"everdoor: {shell.home} cannot be made (EVERDOOR_HOME): File exists"
    ]


def test_up_makes_the_databases_of_a_new_home(shell: Shell) -> None:
    shell.procfile("quick: true\n")

    outcome = shell.run("up")

    assert outcome.returncode == 0, outcome.stderr
    assert (shell.home / "world.db").exists() and (shell.home / "auth.db").exists()


def test_up_leaves_the_databases_of_an_old_home(shell: Shell) -> None:
    shell.make_old_home()
    shell.procfile("quick: true\n")

    assert shell.run("up").returncode == 0
    assert (shell.home / "world.db").read_text() == "mine"


def test_up_does_not_start_with_bad_settings(shell: Shell) -> None:
    shell.environment["EVERDOOR_TELNET_PORT"] = "door"

    outcome = shell.run("up")

    assert outcome.returncode == 3
    assert outcome.stderr == (
        "everdoor: EVERDOOR_TELNET_PORT: expected a port, 0 to 65535, got 'door'\n"
    )


def test_up_runs_a_whole_system_until_down(shell: Shell) -> None:
    with shell.start("up") as up:
        said = read_until(up, "Everything is up.")
        where = r"Play: telnet 127\.0\.0\.1 (\d+), or http://127\.0\.0\.1:\d+/$"
        invitation = re.search(where, said.rstrip())
        assert invitation, said
        socket.create_connection(("127.0.0.1", int(invitation[1]))).close()
        status = shell.run("status", "--json")
        second = shell.run("up")
        down = shell.run("down")
        rest = read_all(up)

        assert up.wait() == 0
    assert status.returncode == 0, status.stderr
    state = json.loads(status.stdout)
    processes = [state["auth"], state["server"], *state["portals"]]
    assert [process["state"] for process in processes] == ["up"] * 4
    assert all(process["pid"] and process["worker_pid"] for process in processes)
    assert state["server"]["generation"] == 1
    assert [portal["sessions"] for portal in state["portals"]] == [0, 0]
    assert second.returncode == 3
    assert second.stderr.startswith("everdoor: auth, portal.1, server already run in ")
    assert down.returncode == 0, down.stderr
    assert down.stdout == "auth has stopped\nportal.1 has stopped\nserver has stopped\n"
    assert "Traceback" not in rest


def test_status_of_a_home_where_nothing_runs(shell: Shell) -> None:
    outcome = shell.run("status", "--json")

    assert outcome.returncode == 1
    assert json.loads(outcome.stdout)["portals"] == []
    assert outcome.stderr == (
        f"everdoor: nothing runs in {shell.home}; start it with `everdoor up`\n"
    )


def test_status_for_people_is_a_table(shell: Shell) -> None:
    lines = shell.run("status").stdout.splitlines()

    assert [line.split()[:2] for line in lines] == [
        ["PROCESS", "STATE"],
        ["auth", "down"],
        ["server", "down"],
    ]


def test_down_where_nothing_runs(shell: Shell) -> None:
    outcome = shell.run("down")

    assert outcome.returncode == 1
    assert outcome.stderr == f"everdoor: nothing runs in {shell.home}\n"


def test_down_refuses_a_reason_that_is_too_long(shell: Shell) -> None:
    outcome = shell.run("down", "--reason", "x" * 201)

    assert outcome.returncode == 2
    assert "at most 200 characters, got 201" in outcome.stderr
