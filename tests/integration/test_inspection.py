"""Operators at a shell: who is here, what happens to them, what is logged; server here or away."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pexpect
import pytest

from everdoor.archive import SESSION_SUFFIX
from integration.system import PASSWORD, PATIENCE_S, PROGRAMS, System, kill
from players.telnet import Player

pytestmark = pytest.mark.timeout(120)

KEYS = [
    "sessid", "portal", "protocol", "address", "logged_in",
    "account", "puppet", "conn_time", "idle_s", "cmd_total",
]  # fmt: skip
CLOCKS = ("conn_time", "idle_s")

COMMAND_ASKS_S = 0.3
"""By when a command has asked the server, on a machine that is not busy."""


@asynccontextmanager
async def playing(system: System, *names: str) -> AsyncIterator[list[Player]]:
    """Players who have logged in, and leave at the end."""
    players: list[Player] = []
    try:
        for name in names:
            # One after another, so that sessids are in the order of the names.
            players.append(await Player.connect(name, system.port))
            await players[-1].log_in(PASSWORD)
        yield players
    finally:
        for player in players:
            await player.leave()


async def everdoor(system: System, *command: str, code: int = 0) -> tuple[str, str]:
    done = await asyncio.to_thread(system.run, *command, code=code)
    return done.stdout, done.stderr


async def listed(system: System, *options: str) -> list[dict[str, Any]]:
    """The sessions that are logged in; those that have left meanwhile may still be closing."""
    told, _ = await everdoor(system, "session", "list", "--json", *options)
    found: list[dict[str, Any]] = json.loads(told)
    return [session for session in found if session["logged_in"]]


def sessid_of(sessions: list[dict[str, Any]], account: str) -> str:
    [found] = [str(session["sessid"]) for session in sessions if session["account"] == account]
    return found


def without_clocks(sessions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: s[key] for key in KEYS if key not in CLOCKS} for s in sessions]


def test_list_tells_of_each_session(system: System) -> None:
    async def main() -> None:
        async with playing(system, "Ada", "Bob") as (ada, _):
            await ada.asks("ooc", "You go OOC")
            found = await listed(system)
            assert [list(session) for session in found] == [KEYS, KEYS]
            ada_here, bob_here = found
            assert (ada_here["account"], ada_here["puppet"], ada_here["cmd_total"]) == (
                "Ada",
                None,
                2,
            )
            assert (bob_here["account"], bob_here["puppet"], bob_here["cmd_total"]) == (
                "Bob",
                "Bob",
                1,
            )
            assert bob_here["protocol"].startswith("telnet")
            assert bob_here["address"] == "127.0.0.1"
            assert 0 <= ada_here["idle_s"] < 30
            portal = bob_here["portal"]
            assert portal in system.status().portals
            assert "Bob" in {s["account"] for s in await listed(system, "--portal", portal)}
            table, _ = await everdoor(system, "session", "list")
            assert table.splitlines()[0].split()[:3] == ["SESSID", "ACCOUNT", "PUPPET"]
            assert [row.split()[1] for row in table.splitlines()[1:]] == ["Ada", "Bob"]

    asyncio.run(main())


def test_show_tells_what_a_session_holds(system: System) -> None:
    async def main() -> None:
        async with playing(system, "Ada"):
            sessid = sessid_of(await listed(system), "Ada")
            told, _ = await everdoor(system, "session", "show", sessid, "--json")
            state = json.loads(told)
            assert (state["uname"], state["puname"], state["sessid"]) == ("Ada", "Ada", int(sessid))
            table, _ = await everdoor(system, "session", "show", sessid)
            assert ["uname", "Ada"] in [row.split() for row in table.splitlines()]
            assert PASSWORD not in told + table

    asyncio.run(main())


@pytest.mark.parametrize("command", ["show", "kick"])
def test_unknown_session_is_told_in_one_line(system: System, command: str) -> None:
    done = system.run("session", command, "987654", code=1)

    assert done.stderr.startswith("everdoor: there is no session 987654")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["announce", "\udcff"], "expected UTF-8 text, got bytes that are none"),
        (["save", "x", "--author", "\udcff"], "expected UTF-8 text, got bytes that are none"),
        (["show", str(2**64)], "a number is too large: expected one of 64 bits"),
        (["kick", str(2**64)], "a number is too large: expected one of 64 bits"),
        (["save", ""], "cannot write "),
    ],
    ids=lambda value: ascii(" ".join(value)) if isinstance(value, list) else None,
)
def test_what_cannot_be_sent_or_written_is_told_in_one_line(
    system: System, command: list[str], told: str
) -> None:
    done = system.run("session", *command, code=1)

    assert done.stderr.startswith(f"everdoor: {told}")
    assert len(done.stderr.splitlines()) == 1


def test_watched_list_ends_well_with_ctrl_c(system: System) -> None:
    terminal = pexpect.spawn(
        str(PROGRAMS / "everdoor"),
        ["session", "list", "--watch"],
        env={**system.environment(), "TERM": "xterm-256color"},
        cwd=system.folder,
        timeout=PATIENCE_S,
        # Tests that run in the background of a shell ignore it, and so would whom they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        terminal.expect("Ctrl-C")
        terminal.sendintr()
        terminal.expect(pexpect.EOF)
    finally:
        terminal.close(force=True)
    assert (terminal.exitstatus, terminal.signalstatus) == (0, None)


def test_running_system_is_archived_printed_and_compared(system: System, tmp_path: Path) -> None:
    async def main() -> None:
        async with playing(system, "Ada", "Bob") as (ada, _):
            said, _ = await everdoor(
                system, "session", "save", str(tmp_path / "two"), "--author", "me"
            )
            file = str(tmp_path / "two.eds")
            assert said == f"{file}\n"
            printed, _ = await everdoor(system, "session", "dump", file)
            assert {'  author: "me"', '  uname: "Ada"', '  uname: "Bob"'} <= set(
                printed.splitlines()
            )
            assert re.search(r'^  world_id: "[0-9a-f]{16}"$', printed, re.MULTILINE)
            sessid = sessid_of(await listed(system), "Ada")
            live, _ = await everdoor(system, "session", "dump", sessid)
            assert "ServerSession" in live and f"  sessid: {sessid}" in live.splitlines()
            assert "Bob" not in live
            await ada.asks("ooc", "You go OOC")
            told, _ = await everdoor(system, "session", "diff", "--json", file, "live")
            changed = {found["field"]: found for found in json.loads(told)}
            assert (changed["puname"]["before"], changed["puname"]["after"]) == ('"Ada"', "null")
            told, _ = await everdoor(system, "session", "restore", file, "--json")
            back = {found["sessid"]: found for found in json.loads(told)}[int(sessid)]
            assert (back["state"], back["text"]) == ("restored", "puppet")
            await ada.sees("You become Ada")
            assert "Ada" in {session["puppet"] for session in await listed(system)}
            _, refusal = await everdoor(system, "session", "dump", "999999", code=1)
            assert "there is no session 999999" in refusal

    asyncio.run(main())


def test_kick_tells_the_player_and_is_done_when_it_returns(system: System) -> None:
    async def main() -> None:
        async with playing(system, "Ada", "Bob") as (ada, bob):
            sessid = sessid_of(await listed(system), "Ada")
            told, _ = await everdoor(system, "session", "kick", sessid, "--reason", "Sleep well.")
            assert told == f"session {sessid} has ended\n"
            assert [session["account"] for session in await listed(system)] == ["Bob"]
            await ada.sees("Sleep well.")
            await ada.closed()
            await bob.asks("think on", "You think")
            log, _ = await everdoor(system, "log", "--no-follow", "--process", "server", "-n", "50")
            [line] = [line for line in log.splitlines() if f"sessid={sessid} " in line]
            assert "session kicked" in line and "asked_by=cli" in line

    asyncio.run(main())


def test_announce_is_seen_by_everybody(system: System) -> None:
    async def main() -> None:
        async with playing(system, "Ada") as (ada,):
            newcomer = await Player.connect("Bob", system.port)
            await newcomer.sees_screen()
            await everdoor(system, "session", "announce", "Tea is served.")
            await ada.sees("Tea is served.")
            await newcomer.sees("Tea is served.")
            await newcomer.leave()

    asyncio.run(main())


def test_portals_are_listed_with_their_sessions(system: System) -> None:
    async def main() -> None:
        async with playing(system, "Ada"):
            told, _ = await everdoor(system, "portal", "list", "--json")
            found = json.loads(told)
            assert [portal["id"] for portal in found] == sorted(system.status().portals)
            assert {portal["state"] for portal in found} == {"up"}
            assert sum(portal["logged_in"] for portal in found) == 1
            table, _ = await everdoor(system, "portal", "list")
            assert len(table.splitlines()) == 3

    asyncio.run(main())


def test_portals_answer_while_the_server_is_away(system: System) -> None:
    """The same list, but for the puppets that a stop releases; and it says where it comes from."""

    async def main() -> None:
        async with playing(system, "Ada", "Bob"):
            before = await listed(system)
            await everdoor(system, "server", "stop")
            try:
                told, said = await everdoor(system, "session", "list", "--json")
                away = [s for s in json.loads(told) if s["logged_in"]]
                expected = [{**session, "puppet": None} for session in before]
                assert without_clocks(away) == without_clocks(expected)
                assert said == "everdoor: the server is away; this is what the portals keep\n"
                sessid = sessid_of(away, "Ada")
                told, said = await everdoor(system, "session", "show", sessid, "--json")
                assert json.loads(told)["uname"] == "Ada"
                assert "the server is away" in said
                _, said = await everdoor(system, "session", "show", "987654", code=1)
                assert said.endswith("everdoor: there is no session 987654; "
                                     "`everdoor session list` shows all\n")  # fmt: skip
                portals, _ = await everdoor(system, "portal", "list", "--json")
                assert {portal["state"] for portal in json.loads(portals)} == {"away"}
                offered = await asyncio.to_thread(complete, system, "everdoor session show ")
                assert set(offered) >= {str(session["sessid"]) for session in before}
                offered = await asyncio.to_thread(
                    complete, system, "everdoor session list --portal "
                )
                assert offered == sorted(system.status().portals)
            finally:
                await everdoor(system, "server", "start")
            assert without_clocks(await listed(system)) == without_clocks(before)

    asyncio.run(main())


def test_what_only_the_server_does_is_refused_at_once_while_it_is_stopped(system: System) -> None:
    async def main() -> None:
        async with playing(system, "Ada"):
            file = f"some{SESSION_SUFFIX}"
            await everdoor(system, "session", "save", file)
            sessid = sessid_of(await listed(system), "Ada")
            await everdoor(system, "server", "stop")
            try:
                for command in (["announce", "Tea."], ["kick", sessid], ["restore", file]):
                    _, told = await everdoor(system, "session", *command, code=1)
                    assert told == (
                        "everdoor: the game server is stopped, or cannot start; "
                        "see `everdoor status`\n"
                    )
                told, _ = await everdoor(system, "server", "status", "--json", code=1)
                assert json.loads(told)["state"] == "down"
            finally:
                await everdoor(system, "server", "start")
            await everdoor(system, "server", "status")

    asyncio.run(main())


def test_log_shows_all_processes_in_the_order_of_time(system: System) -> None:
    lines = [
        json.loads(line)
        for line in system.run("log", "--json", "--no-follow", "-n", "100").stdout.split("\n")
        if line
    ]

    assert {"auth", "server", "portal.1"} <= {line["process"] for line in lines}
    stamps = [line["timestamp"] for line in lines]
    assert stamps == sorted(stamps)
    shown = system.run("log", "--no-follow", "--process", "auth", "-n", "1").stdout
    assert shown.split()[2] == "auth" and len(shown.splitlines()) == 1
    assert (
        "no process 'nobody' has logged" in system.run("log", "--process", "nobody", code=1).stderr
    )


def test_log_follows(system: System) -> None:
    follower = system.start("log", "-n", "0", "--json")
    output = max(system.folder.glob("*-log-*.out"))

    async def main() -> None:
        while "client connected" not in output.read_text():
            async with playing(system, "Ada"):
                pass

    asyncio.run(main())
    follower.terminate()
    follower.wait()
    for line in output.read_text().splitlines():
        assert json.loads(line)["timestamp"]


@pytest.mark.parametrize("command", ["session watch", "log -f -n 0"])
def test_following_ends_quietly_when_nobody_reads_any_more(system: System, command: str) -> None:
    told = system.folder / "stderr"
    with told.open("w") as stderr:
        process = subprocess.Popen(
            f"everdoor {command} | head -n 1",
            shell=True,
            cwd=system.folder,
            env=system.environment(),
            stdout=subprocess.PIPE,
            stderr=stderr,
        )

    async def main() -> None:
        while process.poll() is None:
            async with playing(system, "Ada"):
                pass

    asyncio.run(main())
    seen, _ = process.communicate()
    assert len(seen.splitlines()) == 1
    assert told.read_text() == ""


def complete(system: System, words: str) -> list[str]:
    """What bash would offer behind these words; nothing else is on the terminal then."""
    done = subprocess.run(
        [PROGRAMS / "everdoor"],
        cwd=system.folder,
        env={
            **system.environment(),
            "_EVERDOOR_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split(" ")) - 1),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line]


def test_shell_completes_from_the_running_system(system: System) -> None:
    async def main() -> None:
        async with playing(system, "Ada"):
            sessid = sessid_of(await listed(system), "Ada")
            offered = await asyncio.to_thread(complete, system, "everdoor session show ")
            assert sessid in offered
            portals = await asyncio.to_thread(complete, system, "everdoor session list --portal ")
            assert portals == sorted(system.status().portals)
            names = await asyncio.to_thread(complete, system, "everdoor log --process ")
            assert names == ["auth", "portal.1", "server"]

    asyncio.run(main())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(system: System, shell: str) -> None:
    script = system.run("completion", shell).stdout

    assert "_EVERDOOR_COMPLETE" in script and f"{shell}_complete" in script


@pytest.mark.parametrize(
    "command",
    [
        ["session", "list"],
        ["session", "list", "--json"],
        ["session", "show", "1"],
        ["session", "kick", "1"],
        ["session", "watch"],
        ["portal", "list"],
        ["log"],
    ],
    ids=" ".join,
)
def test_where_nothing_runs_one_line_says_so(folder: Path, command: list[str]) -> None:
    system = System(folder)
    done = system.run(*command, code=1)

    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert str(system.home) in done.stderr
    assert complete(system, "everdoor session show ") == []


def test_archive_of_portals_copies_is_that_of_the_server_while_it_is_away(system: System) -> None:
    """But for the puppets that a stop releases; and it says where it comes from."""

    async def main() -> None:
        async with playing(system, "Ada", "Bob"):
            await everdoor(system, "session", "save", f"before{SESSION_SUFFIX}")
            await everdoor(system, "server", "stop")
            try:
                same, _ = await everdoor(system, "session", "diff", "live", "live")
                _, told = await everdoor(system, "session", "save", f"away{SESSION_SUFFIX}")
                dumped, _ = await everdoor(system, "session", "dump", "live")
                differing, said = await everdoor(
                    system, "session", "diff", f"before{SESSION_SUFFIX}", "live"
                )
            finally:
                await everdoor(system, "server", "start")
            assert same == ""
            assert "portals" in told
            assert dumped.count("ServerSession") >= 2
            assert "Ada" in dumped and PASSWORD not in dumped
            assert "puid" in differing, said
            assert ".uname" not in differing and "address" not in differing, differing
            restored, _ = await everdoor(
                system, "session", "restore", f"away{SESSION_SUFFIX}", "--json"
            )
            states = [one["state"] for one in json.loads(restored)]
            assert len(states) >= 2
            assert set(states) <= {"unchanged", "restored", "gone"}

    asyncio.run(main())


def test_archive_waits_for_portals_that_come_back_after_a_crash(folder: Path) -> None:
    """Only they know what their sessions are."""

    async def main(system: System) -> None:
        async with playing(system, "Ada", "Bob"):
            status = await asyncio.to_thread(system.status)
            portals = [portal["worker_pid"] for portal in status.portals.values()]
            for pid in portals:
                os.kill(pid, signal.SIGSTOP)
            try:
                kill(worker := status.server["worker_pid"])
                await asyncio.to_thread(system.until_replaced, worker)
                saving = asyncio.create_task(everdoor(system, "session", "dump", "live"))
                await asyncio.sleep(COMMAND_ASKS_S)
            finally:
                for pid in portals:
                    os.kill(pid, signal.SIGCONT)
            dumped, _ = await saving
            names = re.findall(r'^  uname: "(\w+)"$', dumped, re.MULTILINE)
            assert sorted(names) == ["Ada", "Bob"]

    with System(folder) as system:
        system.up()
        system.make_accounts(["Ada", "Bob"])
        asyncio.run(main(system))
