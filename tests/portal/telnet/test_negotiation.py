import pytest

from everdoor_portal.telnet.negotiation import Negotiator, Outcome, Q, Side
from everdoor_portal.telnet.options import Command

WANTED = 31
UNKNOWN = 200
NAMES = {Command.WILL: "WILL", Command.WONT: "WONT", Command.DO: "DO", Command.DONT: "DONT"}

# What the peer says and what we say, as (positive, negative), for each side.
PEER = {Side.LOCAL: (Command.DO, Command.DONT), Side.REMOTE: (Command.WILL, Command.WONT)}
OURS = {Side.LOCAL: (Command.WILL, Command.WONT), Side.REMOTE: (Command.DO, Command.DONT)}

# How to come to each state from NO by our requests (+ on, - off) and the peer's answers (y, n).
PATHS = {
    Q.NO: "",
    Q.YES: "+y",
    Q.WANTNO: "+y-",
    Q.WANTNO_OPPOSITE: "+y-+",
    Q.WANTYES: "+",
    Q.WANTYES_OPPOSITE: "+-",
}

# RFC 1143, section 7: state, positive received?, state afterwards, positive sent? (None: nothing).
RECEIVED = [
    (Q.NO, True, Q.YES, True),
    (Q.YES, True, Q.YES, None),
    (Q.WANTNO, True, Q.NO, None),
    (Q.WANTNO_OPPOSITE, True, Q.YES, None),
    (Q.WANTYES, True, Q.YES, None),
    (Q.WANTYES_OPPOSITE, True, Q.WANTNO, False),
    (Q.NO, False, Q.NO, None),
    (Q.YES, False, Q.NO, False),
    (Q.WANTNO, False, Q.NO, None),
    (Q.WANTNO_OPPOSITE, False, Q.WANTYES, True),
    (Q.WANTYES, False, Q.NO, None),
    (Q.WANTYES_OPPOSITE, False, Q.NO, None),
]
REQUESTED = [
    (Q.NO, True, Q.WANTYES, True),
    (Q.YES, True, Q.YES, None),
    (Q.WANTNO, True, Q.WANTNO_OPPOSITE, None),
    (Q.WANTNO_OPPOSITE, True, Q.WANTNO_OPPOSITE, None),
    (Q.WANTYES, True, Q.WANTYES, None),
    (Q.WANTYES_OPPOSITE, True, Q.WANTYES, None),
    (Q.NO, False, Q.NO, None),
    (Q.YES, False, Q.WANTNO, False),
    (Q.WANTNO, False, Q.WANTNO, None),
    (Q.WANTNO_OPPOSITE, False, Q.WANTNO, None),
    (Q.WANTYES, False, Q.WANTYES_OPPOSITE, None),
    (Q.WANTYES_OPPOSITE, False, Q.WANTYES_OPPOSITE, None),
]


def hear(negotiator: Negotiator, side: Side, positive: bool, option: int = WANTED) -> Outcome:
    return negotiator.receive(PEER[side][not positive], option)


def said(side: Side, positive: bool | None, option: int = WANTED) -> bytes:
    return b"" if positive is None else bytes([Command.IAC, OURS[side][not positive], option])


def negotiator_in(state: Q, side: Side) -> Negotiator:
    negotiator = Negotiator({Side.LOCAL: {WANTED}, Side.REMOTE: {WANTED}})
    for step in PATHS[state]:
        if step in "+-":
            negotiator.request(side, WANTED, enable=step == "+")
        else:
            hear(negotiator, side, step == "y")
    assert negotiator.state(side, WANTED) is state
    return negotiator


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize(("before", "positive", "after", "answer"), RECEIVED)
def test_negotiator_answers_a_peer_as_the_rfc_says(
    side: Side, before: Q, positive: bool, after: Q, answer: bool | None
) -> None:
    negotiator = negotiator_in(before, side)
    assert hear(negotiator, side, positive).send == said(side, answer)
    assert negotiator.state(side, WANTED) is after


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize(("before", "enable", "after", "sent"), REQUESTED)
def test_negotiator_requests_as_the_rfc_says(
    side: Side, before: Q, enable: bool, after: Q, sent: bool | None
) -> None:
    negotiator = negotiator_in(before, side)
    assert negotiator.request(side, WANTED, enable) == said(side, sent)
    assert negotiator.state(side, WANTED) is after


@pytest.mark.parametrize("side", Side)
def test_negotiator_refuses_an_unknown_option_once_a_request(side: Side) -> None:
    negotiator = negotiator_in(Q.NO, side)
    outcome = hear(negotiator, side, True, UNKNOWN)
    assert outcome == Outcome(side, said(side, False, UNKNOWN))
    assert negotiator.state(side, UNKNOWN) is Q.NO


@pytest.mark.parametrize("side", Side)
def test_negotiator_reports_a_peer_that_asks_again_for_what_was_refused(side: Side) -> None:
    negotiator = negotiator_in(Q.NO, side)
    hear(negotiator, side, True, UNKNOWN)
    outcome = hear(negotiator, side, True, UNKNOWN)
    assert outcome.send == said(side, False, UNKNOWN)
    assert outcome.violation == f"needless {NAMES[PEER[side][0]]} option 200"


@pytest.mark.parametrize("side", Side)
def test_negotiator_never_answers_a_refusal_of_an_unknown_option(side: Side) -> None:
    assert hear(negotiator_in(Q.NO, side), side, False, UNKNOWN).send == b""


def test_refusal_on_one_side_says_nothing_about_the_other() -> None:
    negotiator = negotiator_in(Q.NO, Side.LOCAL)
    hear(negotiator, Side.LOCAL, True, UNKNOWN)
    assert hear(negotiator, Side.REMOTE, True, UNKNOWN).violation == ""


@pytest.mark.parametrize("side", Side)
def test_option_stays_in_effect_until_its_end_is_confirmed(side: Side) -> None:
    negotiator = negotiator_in(Q.WANTNO, side)
    assert negotiator.is_in_effect(side, WANTED)
    assert hear(negotiator, side, False).enabled is False
    assert not negotiator.is_in_effect(side, WANTED)


@pytest.mark.parametrize("side", Side)
def test_negotiator_tells_when_an_option_comes_into_effect(side: Side) -> None:
    assert hear(negotiator_in(Q.WANTYES, side), side, True).enabled is True
    assert hear(negotiator_in(Q.YES, side), side, True).enabled is None
    assert hear(negotiator_in(Q.WANTYES, side), side, False).enabled is None


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("state", Q)
def test_negotiator_is_settled_when_nothing_awaits_an_answer(side: Side, state: Q) -> None:
    assert negotiator_in(state, side).is_settled == (state in (Q.NO, Q.YES))


def test_peer_that_flips_an_option_is_reported_each_time() -> None:
    negotiator = negotiator_in(Q.NO, Side.REMOTE)
    reports = [bool(hear(negotiator, Side.REMOTE, n % 2 == 0).violation) for n in range(20)]
    assert reports.count(True) == 10


def answer(negotiator: Negotiator, message: bytes) -> bytes:
    return negotiator.receive(message[1], message[2]).send if message else b""


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize("theirs", [True, False])
def test_two_negotiators_that_ask_at_once_come_to_rest(ours: bool, theirs: bool) -> None:
    us = Negotiator({Side.LOCAL: (), Side.REMOTE: {WANTED} if ours else ()})
    peer = Negotiator({Side.LOCAL: {WANTED} if theirs else (), Side.REMOTE: ()})
    to_peer = us.request(Side.REMOTE, WANTED, enable=True)
    to_us = peer.request(Side.LOCAL, WANTED, enable=True)
    for _ in range(3):
        to_peer, to_us = answer(us, to_us), answer(peer, to_peer)
    assert (to_peer, to_us) == (b"", b"")
    assert us.is_settled and peer.is_settled
    assert us.is_in_effect(Side.REMOTE, WANTED) and peer.is_in_effect(Side.LOCAL, WANTED)
