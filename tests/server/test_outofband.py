"""What clients say out of band, and coming back after connecting, through turns."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from everdoor.messages.stream import OutOfBand, Output, Resume, Token
from everdoor_server.driving import VOID
from everdoor_server.linkdead import NOT_RESUMED
from everdoor_server.session import ServerSession
from everdoor_server.waits import ask, sleep
from tinygame import Account, ScriptedPortal, TinyServer, started

ANNA = Account(5, "anna")
HASH = sha256(b"secret").digest()


def say(portal: ScriptedPortal, conn: int, seq: int, name: str, *args: Any, **options: Any) -> None:
    portal.send(OutOfBand(conn, seq, name, list(args), options))


def told(portal: ScriptedPortal, conn: int) -> list[Output]:
    """What a client is shown in what the server does now."""
    rows = portal.take_rows()
    return [output for row in rows for output in row.outputs if conn in output.to]


def test_what_is_said_runs_in_order_with_the_lines_and_counts_as_none() -> None:
    server, portal = started()
    portal.type(1, 2, "one")
    say(portal, 1, 3, "map", 1, zoom=2)
    portal.type(1, 4, "two")
    server.game.lines["oob map"] = lambda session: session.msg("mapped")
    portal.take()
    assert portal.log[1] == ["did one", "mapped", "did two"]
    assert server.game.told == [(server.session(1).sessid, "map", [1], {"zoom": 2})]
    assert server.session(1).cmd_total == 2


def test_what_is_said_again_is_not_done_again() -> None:
    server, portal = started()
    say(portal, 1, 2, "map")
    say(portal, 1, 2, "map")
    portal.take()
    assert len(server.game.told) == 1


def test_what_is_said_while_a_command_asks_is_no_answer_to_it() -> None:
    server, portal = started()

    async def asks(session: ServerSession) -> None:
        session.msg(f"answered {await ask('What? ')}")

    server.game.lines["asks"] = asks
    portal.type(1, 2, "asks")
    say(portal, 1, 3, "map")
    portal.type(1, 4, "this")
    portal.take()
    assert len(server.game.told) == 1
    assert portal.log[1][-1] == "answered this"


def test_function_that_waits_takes_the_place_of_a_command_that_asks() -> None:
    server, portal = started()
    ended: list[str] = []

    async def asks(session: ServerSession) -> None:
        try:
            await ask("What? ")
        finally:
            ended.append("asks")

    async def waits(session: ServerSession) -> None:
        await sleep(1)
        session.msg("waited")

    server.game.lines |= {"asks": asks, "oob wait": waits}
    portal.type(1, 2, "asks")
    say(portal, 1, 3, "wait")
    portal.take()
    wait = server.only_wait()
    assert ended == ["asks"] and not server.session(1).is_asked
    server.turn.resume(wait.id)
    portal.take()
    assert portal.log[1][-1] == "waited"


# Coming back after connecting.


def lost() -> tuple[TinyServer, ScriptedPortal, ServerSession]:
    """Connection 1 was logged in and had a token, and is lost; connection 2 is at the login."""
    server, portal = started(conns=2, resume_grace_s=60.0)
    server.game.accounts[ANNA.id] = ANNA
    server.game.lines["login"] = lambda session: server.sessions.login(session, ANNA)
    portal.type(1, 2, "login")
    portal.take()
    portal.send(Token(1, 3, HASH))
    portal.take()
    session = server.session(1)
    portal.lose(1, 4)
    portal.take()
    server.turn.do(lambda: session.msg("missed"))
    portal.take()
    portal.log.clear()
    return server, portal, session


def test_client_comes_back_after_it_has_connected_and_is_told_so_first() -> None:
    server, portal, session = lost()
    portal.send(Resume(2, 2, HASH, 0))
    result, missed = told(portal, 2)[-2:]
    assert server.session(2) is session
    assert (result.name, result.options) == ("char_login_result", {"success": True})
    assert missed.args == ["missed"]


def test_token_that_is_nobodys_leaves_the_client_at_the_login() -> None:
    server, portal, session = lost()
    before = server.session(2)
    portal.send(Resume(2, 2, sha256(b"other").digest(), 0))
    result = told(portal, 2)[-1]
    assert server.session(2) is before
    assert result.options == {"success": False, "message": NOT_RESUMED}


def test_client_that_is_logged_in_comes_back_to_nothing_else() -> None:
    server, portal, session = lost()
    server.game.accounts[6] = bert = Account(6, "bert")
    server.game.lines["other"] = lambda session: server.sessions.login(session, bert)
    portal.type(2, 2, "other")
    portal.send(Resume(2, 3, HASH, 0))
    portal.take()
    assert server.session(2).uid == bert.id
    assert session.is_link_dead


def test_question_of_the_login_is_not_asked_any_more_of_who_has_come_back() -> None:
    server, portal, session = lost()

    async def asks(session: ServerSession) -> None:
        await ask("Name? ")

    server.game.lines["asks"] = asks
    portal.type(2, 2, "asks")
    portal.send(Resume(2, 3, HASH, 0))
    portal.type(2, 4, "look")
    portal.take()
    assert not session.is_asked
    assert portal.log[2][-1] == VOID
