"""Portals' names and lives: never the same twice, and the dead are known."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from everdoor import incarnation
from everdoor.errors import StartupError
from everdoor.ids import Incarnation
from everdoor.incarnation import (
    hold_portal,
    incarnation_is_alive,
    next_incarnation,
    portal_id,
    process_name,
)

PORTAL = "snake.portal.1.0"
LIFE = Incarnation(7, 2**64 - 1)


@pytest.mark.parametrize(
    ("setting", "environment", "name"),
    [
        ("", {}, "portal"),
        ("", {"HONCHO_PROCESS_NAME": "portal.1"}, "portal.1"),
        ("", {"PS": "portal.2"}, "portal.2"),
        ("", {"HONCHO_PROCESS_NAME": "", "PS": "portal.2"}, "portal.2"),
        ("west", {"HONCHO_PROCESS_NAME": "portal.1"}, "west"),
    ],
)
def test_process_name_is_the_setting_or_the_runners(
    setting: str, environment: dict[str, str], name: str
) -> None:
    assert process_name(setting, environment) == name


@pytest.mark.parametrize("name", ["server", "auth", "a/b", "a" * 41, "a b", "../a"])
def test_process_name_that_cannot_be_used_is_refused(name: str) -> None:
    with pytest.raises(StartupError, match="cannot name a portal"):
        process_name("", {"PS": name})


def test_portal_id_names_host_process_and_worker() -> None:
    assert portal_id("snake", "portal.1", 0) == PORTAL


def test_next_incarnation_is_newer_than_all_before(tmp_path: Path) -> None:
    before_ms = time.time_ns() // 1_000_000
    lives = [next_incarnation(tmp_path, PORTAL) for _ in range(5)]
    assert lives[0].number >= before_ms
    for older, newer in zip(lives, lives[1:], strict=False):
        assert newer.is_newer_than(older)
        assert newer.nonce != older.nonce


def test_next_incarnation_rises_when_the_clock_goes_back(tmp_path: Path) -> None:
    (tmp_path / "portals").mkdir(mode=0o700)
    (tmp_path / "portals" / f"{PORTAL}.json").write_text('{"number": 9000000000000}')
    assert next_incarnation(tmp_path, PORTAL).number == 9000000000001


@pytest.mark.parametrize("damage", ["", "{", '{"number": "x"}', "\x00\x00"])
def test_next_incarnation_survives_a_damaged_file(tmp_path: Path, damage: str) -> None:
    (tmp_path / "portals").mkdir(mode=0o700)
    (tmp_path / "portals" / f"{PORTAL}.json").write_text(damage)
    first = next_incarnation(tmp_path, PORTAL)
    assert next_incarnation(tmp_path, PORTAL).is_newer_than(first)


def test_incarnation_is_alive_while_its_worker_holds_the_lock(tmp_path: Path) -> None:
    with hold_portal(tmp_path, PORTAL, LIFE):
        assert incarnation_is_alive(tmp_path, PORTAL, LIFE)
        assert not incarnation_is_alive(tmp_path, PORTAL, Incarnation(6, 1))
    assert not incarnation_is_alive(tmp_path, PORTAL, LIFE)


def test_incarnation_of_another_home_may_be_alive(tmp_path: Path) -> None:
    with hold_portal(tmp_path / "here", "another", LIFE):
        assert incarnation_is_alive(tmp_path / "here", PORTAL, LIFE) is not False


def test_incarnation_of_a_killed_worker_is_dead(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib\n"
        "from everdoor.ids import Incarnation\n"
        "from everdoor.incarnation import hold_portal\n"
        "lock = hold_portal(pathlib.Path(sys.argv[1]), sys.argv[2], Incarnation(7, 2**64 - 1))\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path), PORTAL],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as worker:
        assert worker.stdout is not None and worker.stdout.readline() == b"held\n"
        assert incarnation_is_alive(tmp_path, PORTAL, LIFE)
        worker.kill()
    assert not incarnation_is_alive(tmp_path, PORTAL, LIFE)


def test_hold_portal_refuses_a_second_holder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incarnation, "LOCK_PATIENCE_S", 0.0)
    with (
        hold_portal(tmp_path, PORTAL, LIFE),
        pytest.raises(StartupError, match=f"portal {PORTAL} runs already"),
    ):
        hold_portal(tmp_path, PORTAL, Incarnation(8, 1))
