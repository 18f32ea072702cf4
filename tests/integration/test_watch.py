"""`everdoor session watch` through kills of the server: exactly the changes, nothing else.

Players come, log in, go out of character and leave while the server's worker, and once its
supervisor, is killed with SIGKILL. What is watched must be, event by event for each session, the
way from the state listed before to the state listed after.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from integration.system import PASSWORD, PATIENCE_S, System, kill, until
from players.telnet import Player

NAMES = ["Ada", "Bob", "Cyd", "Dot", "Eve", "Fay"]

KILLS = ["worker"] * 5 + ["supervisor"] + ["worker"] * 4
"""A supervisor that begins anew forgets the pauses that it makes after many deaths in a row."""

MOVES = 3
"""How many of the players do something in a round."""


class Seen(NamedTuple):
    """A session as it is listed."""

    account: str | None
    puppet: str | None


class Told(NamedTuple):
    """An event as it is watched."""

    event: str
    account: str | None = None
    puppet: str | None = None


State = dict[int, Seen]


def way(before: Seen | None, after: Seen | None) -> list[Told]:
    """The events that lead a session from one state to another, in these rounds."""
    found = [] if before else [Told("connected")]
    had, has = before or Seen(None, None), after or Seen(None, None)
    if had.puppet and not has.puppet:
        found.append(Told("unpuppeted", had.account, had.puppet))
    if had.account and not has.account:
        found.append(Told("logged_out", had.account))
    if has.account and not had.account:
        found.append(Told("logged_in", has.account))
    if has.puppet and not had.puppet:
        found.append(Told("puppeted", has.account, has.puppet))
    return found if after else [*found, Told("disconnected")]


def ways(before: State, after: State) -> dict[int, list[Told]]:
    """The same for all sessions that have changed."""
    return {
        sessid: way(before.get(sessid), after.get(sessid))
        for sessid in before.keys() | after.keys()
        if before.get(sessid) != after.get(sessid)
    }


class Watch:
    """A running `everdoor session watch --json`."""

    def __init__(self, system: System) -> None:
        self._process = system.start("session", "watch", "--json")
        self._output = max(system.folder.glob("*-watch-*.out"))
        self._taken = 0

    def lines(self) -> list[dict[str, Any]]:
        """What it has told, its own remarks on stderr left out."""
        text = self._output.read_text()
        return [json.loads(line) for line in text.split("\n")[:-1] if line.startswith("{")]

    def told(self) -> dict[int, list[Told]]:
        """What it has told by session since `take`."""
        found: dict[int, list[Told]] = defaultdict(list)
        for line in self.lines()[self._taken :]:
            data = line["data"]
            assert line["topic"] == f"session.{data['portal']}.{data['sessid']}"
            told = Told(data["event"], data.get("account"), data.get("puppet"))
            found[data["sessid"]].append(told)
        return dict(found)

    def take(self) -> None:
        """Begin a round: all that was told so far is done with."""
        self._taken = len(self.lines())

    def end(self) -> None:
        self._process.terminate()
        self._process.wait()


def state(system: System) -> State | None:
    """What the server lists; None while portals answer for it."""
    done = system.run("session", "list", "--json")
    if done.stderr:
        return None
    listed = json.loads(done.stdout)
    return {each["sessid"]: Seen(each["account"], each["puppet"]) for each in listed}


@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", [1])
def test_watch_tells_exactly_the_changes_through_kills(folder: Path, seed: int) -> None:
    with System(folder, login_throttle_limit=0, creation_throttle_limit=0) as system:
        system.start_supervisors()
        system.make_accounts(NAMES)
        watch = Watch(system)
        try:
            asyncio.run(_rounds(system, watch, random.Random(seed)))
        finally:
            watch.end()


async def _rounds(system: System, watch: Watch, chance: random.Random) -> None:
    present: dict[str, Player] = {}
    try:
        await _until_watching(system, watch, present)
        before = await _settled(system, present)
        for victim in KILLS:
            watch.take()
            pid = await asyncio.to_thread(_pid_of, system, victim)
            moves = [_move(system, present, name) for name in chance.sample(NAMES, MOVES)]
            await asyncio.gather(*moves, _kill(system, victim, pid, chance.uniform(0.0, 0.2)))
            after = await _settled(system, present)
            expected = ways(before, after)
            await asyncio.to_thread(
                until, lambda now=expected: _has_told(watch, now), str(expected)
            )
            assert watch.told() == expected, f"killed the {victim}"
            before = after
    finally:
        for player in present.values():
            await player.leave()


async def _until_watching(system: System, watch: Watch, present: dict[str, Player]) -> None:
    """What it tells first shows that it has begun; then it tells of one who stays."""
    while not watch.lines():
        visitor = await Player.connect("visitor", system.port)
        await visitor.sees_screen()
        await visitor.leave()
    await _come(system, present, NAMES[0])

    def knows() -> bool:
        last = [line["data"] for line in watch.lines()][-1]
        return bool(last.get("puppet") == NAMES[0])

    await asyncio.to_thread(until, knows, f"{NAMES[0]} is seen to come")


def _has_told(watch: Watch, expected: dict[int, list[Told]]) -> bool:
    """As much as expected, or something else than that, which is for the assertion to say."""
    return sum(map(len, watch.told().values())) >= sum(map(len, expected.values()))


async def _settled(system: System, present: dict[str, Player]) -> State:
    """The state once everybody who is to be here is, and nobody else."""

    def reached() -> State | None:
        found = state(system)
        if found is None:
            return None
        accounts = sorted(str(seen.account) for seen in found.values())
        return found if accounts == sorted(present) else None

    return await asyncio.to_thread(until, reached, f"those present are {sorted(present)}")


async def _move(system: System, present: dict[str, Player], name: str) -> None:
    """Have a player do the next of: come, go out of character, leave."""
    player = present.get(name)
    if player is None:
        await _come(system, present, name)
    elif "You go OOC." in player.lines:
        del present[name]
        await player.leave()
    else:
        await player.asks("ooc", "You go OOC.")


async def _come(system: System, present: dict[str, Player], name: str) -> None:
    player = await Player.connect(name, system.port)
    await player.log_in(PASSWORD)
    present[name] = player


def _pid_of(system: System, victim: str) -> int:
    name = "worker_pid" if victim == "worker" else "pid"
    return until(lambda: system.status().server[name], f"the server has a {victim}")


async def _kill(system: System, victim: str, pid: int, after_s: float) -> None:
    await asyncio.sleep(after_s)
    kill(pid)
    if victim == "supervisor":
        await asyncio.to_thread(system.start_supervisor, "server")


@pytest.mark.timeout(120)
def test_traffic_of_a_session_is_told_without_its_password_through_a_kill(folder: Path) -> None:
    async def main(system: System) -> None:
        player = await Player.connect("Ada", system.port)
        await player.log_in(PASSWORD)
        watch = Traffic(system)
        await watch.sees(player, "think one", "typed", "think one")
        await watch.sees(player, "think two", "text", 'You think, "two"')
        kill((await asyncio.to_thread(system.status)).server["worker_pid"])
        player.type(f"password {PASSWORD} = {PASSWORD}2")
        await player.sees("Password changed.")
        await watch.sees(player, "think three", "text", 'You think, "three"')
        await player.leave()
        ended = await asyncio.to_thread(watch.ends)
        assert "session 1 is not on this host any more" in ended
        assert [each["text"] for each in watch.entries if "*" in each["text"]] == ["********"]
        assert PASSWORD not in str(watch.entries)

    with System(folder) as system:
        system.up()
        system.make_accounts(["Ada"])
        asyncio.run(main(system))
        log = system.run("log", "--no-follow", "-n", "1000").stdout
        assert "a session is watched" in log
        assert system.run("session", "watch", "--traffic", code=2).stderr.startswith("everdoor: ")
        missing = system.run("session", "watch", "77", "--traffic", code=1).stderr
        assert missing == "everdoor: no portal of this host has a session 77\n"


@pytest.mark.timeout(60)
def test_watch_of_one_session_ends_with_it_and_refuses_one_that_there_is_not(folder: Path) -> None:
    async def main(system: System) -> None:
        player = await Player.connect("Ada", system.port)
        await player.log_in(PASSWORD)
        process = system.start("session", "watch", "1", "--json")
        [output] = system.folder.glob("*-session-watch-1*.out")
        while "puppeted" not in output.read_text():
            await player.asks("ooc", "You go OOC.")
            await player.asks("ic", "You become Ada.")
        await player.leave()
        assert await asyncio.to_thread(process.wait, PATIENCE_S) == 0
        events = [json.loads(line)["data"] for line in output.read_text().splitlines()]
        assert {event["sessid"] for event in events} == {1}
        assert events[-1]["event"] == "disconnected"

    with System(folder) as system:
        system.up()
        system.make_accounts(["Ada"])
        asyncio.run(main(system))
        missing = system.run("session", "watch", "1", code=1).stderr
        assert missing == "everdoor: there is no session 1; `everdoor session list` shows all\n"


class Traffic:
    """A running `everdoor session watch 1 --traffic --json`."""

    def __init__(self, system: System) -> None:
        self.process = system.start("session", "watch", "1", "--traffic", "--json")
        [self._output] = system.folder.glob("*-session-watch-1*.out")

    @property
    def entries(self) -> list[dict[str, Any]]:
        lines = self._output.read_text().split("\n")[:-1]
        return [json.loads(line) for line in lines if line.startswith("{")]

    async def sees(self, player: Player, line: str, kind: str, text: str) -> None:
        """Have a player type until it is told: watching begins at some moment."""
        end = time.monotonic() + PATIENCE_S
        while not any((each["kind"], each["text"]) == (kind, text) for each in self.entries):
            assert time.monotonic() < end, self._output.read_text()
            player.type(line)
            await asyncio.sleep(0.2)

    def ends(self) -> str:
        """Wait for its end; what it has said besides."""
        assert self.process.wait(PATIENCE_S) == 0
        return self._output.read_text()
