"""Log lines: where they go, and that nothing in them can forge another."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from everdoor.logs import RotatedFile, configure_logs
from everdoor.settings import Settings

FORGED = "anna\n2026 [info] all is well\x1b[2J\u202e"


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers[:], root.level = before


def configured(home: Path, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> io.StringIO:
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    configure_logs(Settings(home=home, **settings), "server")
    return stderr


def lines_of(home: Path) -> list[dict[str, Any]]:
    text = (home / "logs" / "server.log").read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_logs_go_to_stderr_and_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = configured(tmp_path, monkeypatch)
    structlog.get_logger("x").info("session begins", session="p/1/2")
    (line,) = lines_of(tmp_path)
    assert (line["event"], line["session"], line["process"], line["level"]) == (
        "session begins",
        "p/1/2",
        "server",
        "info",
    )
    assert json.loads(stderr.getvalue()) == line


def test_logs_on_a_terminal_are_readable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = configured(tmp_path, monkeypatch, log_json=False)
    structlog.get_logger().info("session begins", name="anna")
    assert "[info     ] session begins" in stderr.getvalue()
    assert lines_of(tmp_path)[0]["name"] == "anna"


@pytest.mark.parametrize("as_json", [True, False])
def test_logs_escape_what_a_player_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, as_json: bool
) -> None:
    stderr = configured(tmp_path, monkeypatch, log_json=as_json)
    structlog.get_logger().info("name refused", name=FORGED)
    shown = stderr.getvalue()
    assert shown.count("\n") == 1
    assert "\x1b[2J" not in shown and "\u202e" not in shown
    assert lines_of(tmp_path)[0]["name"] == FORGED


def test_logs_below_the_level_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configured(tmp_path, monkeypatch, log_level="warning")
    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("loud")
    assert [line["event"] for line in lines_of(tmp_path)] == ["loud"]


@pytest.mark.parametrize("as_json", [True, False])
def test_logs_of_an_exception_show_no_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, as_json: bool
) -> None:
    stderr = configured(tmp_path, monkeypatch, log_json=as_json)
    password = "-".join(["hid", "den"])
    try:
        raise ValueError(len(password))
    except ValueError:
        structlog.get_logger().exception("call failed")
    assert "ValueError: 6" not in lines_of(tmp_path)[0]["event"]
    assert "ValueError: 7" in lines_of(tmp_path)[0]["exception"]
    assert "ValueError: 7" in stderr.getvalue()
    assert password not in stderr.getvalue() + json.dumps(lines_of(tmp_path))


def test_logs_take_the_warnings_of_libraries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(tmp_path, monkeypatch)
    logging.getLogger("asyncio").error("task %s failed", "x")
    logging.getLogger("alembic").info("noise")
    (line,) = lines_of(tmp_path)
    assert (line["event"], line["logger"]) == ("task x failed", "asyncio")


def test_rotated_file_is_put_aside_when_large(tmp_path: Path) -> None:
    file = RotatedFile(tmp_path / "a.log", max_bytes=10, kept=2)
    for number in range(5):
        file.write(f"line {number} long\n")
    file.close()
    assert (tmp_path / "a.log").read_text() == "line 4 long\n"
    assert (tmp_path / "a.log.1").read_text() == "line 3 long\n"
    assert (tmp_path / "a.log.2").read_text() == "line 2 long\n"
    assert not (tmp_path / "a.log.3").exists()


def test_rotated_file_is_shared_by_processes(tmp_path: Path) -> None:
    ours, theirs = (RotatedFile(tmp_path / "a.log", max_bytes=1000, kept=9) for _ in "ab")
    for number in range(100):
        ours.write(f"ours {number}\n")
        theirs.write(f"theirs {number}\n")
    ours.close()
    theirs.close()
    written = "".join(path.read_text() for path in tmp_path.glob("a.log*"))
    assert sorted(written.splitlines()) == sorted(
        f"{who} {number}" for number in range(100) for who in ("ours", "theirs")
    )


def test_rotated_file_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    RotatedFile(tmp_path / "missing" / "a.log").write("line\n")
