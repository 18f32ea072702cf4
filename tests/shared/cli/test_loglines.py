"""Lines of logs: read, merged, shown."""

from __future__ import annotations

import json

import click

from everdoor.cli.loglines import for_people, for_programs, merged, parse, parse_all


def line(second: int, event: str = "it", **fields: object) -> str:
    return json.dumps(
        {"timestamp": f"2026-11-20T07:00:{second:02d}.000001Z", "event": event} | fields
    )


def shown(text: str, process: str = "server") -> str:
    return click.unstyle(for_people(parse(text, process), 8))


def test_merged_is_in_the_order_of_time_also_where_a_file_is_not() -> None:
    server = parse_all([line(3, "b"), line(1, "a"), line(3, "c")], "server")
    portal = parse_all([line(2, "d"), line(3, "e")], "portal.1")

    assert [each.fields["event"] for each in merged([server, portal]) if each.fields] == [*"adbce"]


def test_line_without_a_time_has_that_of_the_line_before() -> None:
    lines = parse_all([line(1), "half a li", line(3)], "server")

    assert [each.time[17:19] for each in lines] == ["01", "01", "03"]
    assert lines[1].fields is None


def test_for_people_has_time_process_level_event_and_fields() -> None:
    text = line(5, "worker serves", level="info", process="server", pid=7, why="two words")

    assert shown(text) == (
        "2026-11-20 07:00:05.000 server   info    worker serves  pid=7 why='two words'"
    )


def test_for_people_puts_a_traceback_below() -> None:
    told = shown(line(5, "failed", exception="Traceback:\n  File x\nValueError: \x1b[2J"))

    assert told.splitlines()[1:] == ["    Traceback:", "      File x", "    ValueError: [2J"]


def test_for_people_lets_no_text_forge_a_line() -> None:
    told = shown(line(5, "in", text="a\nserver error all is lost\x1b[2K\u202e"))

    assert len(told.splitlines()) == 1
    assert "\x1b" not in told and "\u202e" not in told
    assert len(shown("no json \x1b[2J\x85").splitlines()) == 1


def test_for_programs_is_one_document_a_line() -> None:
    assert for_programs(parse(line(5), "server")) == line(5)
    assert json.loads(for_programs(parse("cut o", "server", "then"))) == {
        "timestamp": "then",
        "process": "server",
        "text": "cut o",
    }
