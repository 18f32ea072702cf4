"""Lines of the log files: read, put in the order of time, and written for people.

Reading the files, and their rotation, is `everdoor.cli.logfiles`'; what is in a line is
`everdoor.logs`'.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, NamedTuple

import click

from everdoor.playertext import clean

NO_TIME = ""
"""Time of a line before any that tells one; it comes first."""

COLOURS = {"warning": "yellow", "error": "red", "critical": "red"}

OWN_FIELDS = ("timestamp", "level", "process", "event", "exception", "stack")
"""Fields that have a place of their own in a line for people."""


class LogLine(NamedTuple):
    """One line: when (ISO 8601, UTC), of which process, as it stands in the file; `fields` is None
    for a line that is no JSON object, such as one that a full disk has cut off."""

    time: str
    process: str
    text: str
    fields: dict[str, Any] | None


def parse(text: str, process: str, previous: str = NO_TIME) -> LogLine:
    """Read a line of the file of a process; one without a time has that of the line before."""
    try:
        fields = json.loads(text)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        return LogLine(previous, process, text, None)
    told = fields.get("timestamp")
    return LogLine(told if isinstance(told, str) else previous, process, text, fields)


def parse_all(texts: Iterable[str], process: str, previous: str = NO_TIME) -> list[LogLine]:
    """Read lines of one file, in their order."""
    lines: list[LogLine] = []
    for text in texts:
        lines.append(parse(text, process, previous))
        previous = lines[-1].time
    return lines


def merged(files: Iterable[Sequence[LogLine]]) -> list[LogLine]:
    """Put lines of several files in the order of time; those of one time stay in their order.

    A file too is only nearly in that order: a supervisor and its workers share one.
    """
    return sorted(chain.from_iterable(files), key=lambda line: line.time)


def for_people(line: LogLine, width: int = 0) -> str:
    """Time, process, level, what happened, fields; a traceback below it.

    Everything is cleaned: a player's text can forge no line.

    Args:
        width: Of the longest name of a process.
    """
    name = f"{line.process:<{width}}"
    fields = line.fields
    if fields is None:
        return f"{_clock(line.time)} {name} {clean(line.text)}"
    level = str(fields.get("level", ""))
    values = " ".join(
        f"{clean(key)}={_value(value)}" for key, value in fields.items() if key not in OWN_FIELDS
    )
    event = clean(str(fields.get("event", "")))
    shown = f"{_clock(line.time)} {name} {clean(level):<7} {event}"
    head = click.style(shown, fg=COLOURS.get(level)) + (f"  {values}" if values else "")
    return "\n".join([head, *_traceback(fields)])


def for_programs(line: LogLine) -> str:
    """One JSON document: the line as it stands, or, where that is none, its text in one."""
    if line.fields is not None:
        return line.text
    return json.dumps({"timestamp": line.time, "process": line.process, "text": line.text})


def _clock(time: str) -> str:
    """`2026-11-20T07:03:39.123456Z` to milliseconds, readable."""
    return clean(time).replace("T", " ").rstrip("Z")[:23].ljust(23)


def _value(value: object) -> str:
    if isinstance(value, str):
        return clean(value) if value and " " not in value else repr(clean(value))
    return json.dumps(value)


def _traceback(fields: dict[str, Any]) -> list[str]:
    told = [str(fields[name]) for name in ("exception", "stack") if fields.get(name)]
    return [f"    {clean(line)}" for text in told for line in text.splitlines()]
