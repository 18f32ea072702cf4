"""The logger says what it is asked to, with the application's name, through structlog."""

from __future__ import annotations

import pytest
import structlog
from structlog.testing import capture_logs
from structlog.typing import EventDict

from everdoor.state import Logger


def say_all(logger: Logger) -> list[EventDict]:
    """Say one line of each kind while an exception is being handled."""
    with capture_logs() as logs:
        try:
            raise LookupError("lost")
        except LookupError:
            logger.info("info", n=1)
            logger.warning("warning")
            logger.error("error")
            logger.bug("bug")
    return logs


def test_logger_binds_the_application_and_keeps_fields_apart() -> None:
    logs = say_all(Logger("moor"))
    assert logs[0] == {"event": "info", "log_level": "info", "app": "moor", "n": 1}
    assert [(line["event"], line["log_level"]) for line in logs] == [
        ("info", "info"),
        ("warning", "warning"),
        ("error", "error"),
        ("bug", "error"),
    ]


@pytest.mark.parametrize(
    ("debug", "with_traceback"), [(False, ["bug"]), (True, ["warning", "error", "bug"])]
)
def test_logger_adds_tracebacks_to_bugs_and_with_debug_to_more(
    debug: bool, with_traceback: list[str]
) -> None:
    logs = say_all(Logger("moor", debug=debug))
    assert [line["event"] for line in logs if "exc_info" in line] == with_traceback


def test_logger_that_is_silent_still_says_errors_and_bugs() -> None:
    logs = say_all(Logger("moor", silent=True))
    assert [line["event"] for line in logs] == ["error", "bug"]


def test_logger_marks_a_bug_also_without_an_exception() -> None:
    with capture_logs() as logs:
        Logger("moor").bug("impossible")
    assert logs == [{"event": "impossible", "log_level": "error", "app": "moor", "bug": True}]


def test_logger_does_not_configure_structlog() -> None:
    before = structlog.is_configured()
    Logger("moor")
    assert structlog.is_configured() == before
