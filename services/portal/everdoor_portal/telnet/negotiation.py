"""Agreement on options by the Q method of RFC 1143, for both sides of a connection.

Each option has one state per side: local is what we do (we say WILL or WONT, the peer DO or DONT),
remote what the peer does. A state has the RFC's name; its queue bit is part of it (`_OPPOSITE`).
The RFC's tables are the two dictionaries below, and nowhere else is a state decided.

Every request gets one answer and an answer gets none, so two honest ends cannot loop. A peer that
asks without end is answered by the same rules, and each repetition is reported as a violation: the
connection counts these and gives up. What an option means is its handler's matter.
"""

from collections.abc import Container, Mapping
from enum import Enum, auto
from typing import NamedTuple

from everdoor_portal.telnet.options import Command, command_name, option_name


class Q(Enum):
    """The six states of an option's side (RFC 1143, section 7)."""

    NO = auto()
    YES = auto()
    WANTNO = auto()
    WANTNO_OPPOSITE = auto()
    WANTYES = auto()
    WANTYES_OPPOSITE = auto()


class Side(Enum):
    """Who does what an option is about."""

    LOCAL = auto()
    REMOTE = auto()


class Step(NamedTuple):
    """One cell of a table.

    Attributes:
        state: The state afterwards.
        send: True for WILL or DO, False for WONT or DONT, None for silence.
        is_violation: A sound peer that had its way does not send this.
    """

    state: Q
    send: bool | None = None
    is_violation: bool = False


class Outcome(NamedTuple):
    """What one received negotiation led to.

    Attributes:
        side: The side that it was about.
        send: Bytes to send, maybe empty.
        enabled: True when the option came into effect, False when it went out, else None.
        violation: What was wrong, in words; empty when nothing was.
    """

    side: Side
    send: bytes = b""
    enabled: bool | None = None
    violation: str = ""


# Received WILL or DO (True), WONT or DONT (False). (NO, True) depends on whether we agree, so it
# is not here. YES answered by a refusal is allowed at any time, but a second time it is a
# flip-flop, and no honest client makes a hundred of them.
RECEIVED: dict[tuple[Q, bool], Step] = {
    (Q.NO, False): Step(Q.NO, is_violation=True),
    (Q.YES, True): Step(Q.YES, is_violation=True),
    (Q.YES, False): Step(Q.NO, send=False, is_violation=True),
    (Q.WANTNO, True): Step(Q.NO, is_violation=True),
    (Q.WANTNO, False): Step(Q.NO),
    (Q.WANTNO_OPPOSITE, True): Step(Q.YES, is_violation=True),
    (Q.WANTNO_OPPOSITE, False): Step(Q.WANTYES, send=True),
    (Q.WANTYES, True): Step(Q.YES),
    (Q.WANTYES, False): Step(Q.NO),
    (Q.WANTYES_OPPOSITE, True): Step(Q.WANTNO, send=False),
    (Q.WANTYES_OPPOSITE, False): Step(Q.NO),
}

# We want it on (True) or off (False). What the RFC calls an error (already so, or already asked
# for) is no change here: asking twice is harmless.
REQUESTED: dict[tuple[Q, bool], Step] = {
    (Q.NO, True): Step(Q.WANTYES, send=True),
    (Q.NO, False): Step(Q.NO),
    (Q.YES, True): Step(Q.YES),
    (Q.YES, False): Step(Q.WANTNO, send=False),
    (Q.WANTNO, True): Step(Q.WANTNO_OPPOSITE),
    (Q.WANTNO, False): Step(Q.WANTNO),
    (Q.WANTNO_OPPOSITE, True): Step(Q.WANTNO_OPPOSITE),
    (Q.WANTNO_OPPOSITE, False): Step(Q.WANTNO),
    (Q.WANTYES, True): Step(Q.WANTYES),
    (Q.WANTYES, False): Step(Q.WANTYES_OPPOSITE),
    (Q.WANTYES_OPPOSITE, True): Step(Q.WANTYES),
    (Q.WANTYES_OPPOSITE, False): Step(Q.WANTYES_OPPOSITE),
}

# An option stays in effect until the peer has confirmed its end.
_IN_EFFECT = frozenset((Q.YES, Q.WANTNO, Q.WANTNO_OPPOSITE))
_OPEN = frozenset((Q.WANTNO, Q.WANTNO_OPPOSITE, Q.WANTYES, Q.WANTYES_OPPOSITE))

_SEND = {
    (Side.LOCAL, True): Command.WILL,
    (Side.LOCAL, False): Command.WONT,
    (Side.REMOTE, True): Command.DO,
    (Side.REMOTE, False): Command.DONT,
}
_MEANING = {
    Command.WILL: (Side.REMOTE, True),
    Command.WONT: (Side.REMOTE, False),
    Command.DO: (Side.LOCAL, True),
    Command.DONT: (Side.LOCAL, False),
}


class Negotiator:
    """The states of one connection's options.

    Args:
        accepts: For each side, the options that come into effect when the peer asks; shared by
            all connections.
    """

    __slots__ = ("_accepts", "_refused", "_states")

    def __init__(self, accepts: Mapping[Side, Container[int]]) -> None:
        self._accepts = accepts
        self._states: dict[int, Q] = {}  # by option, those of the other side from 256 on
        self._refused: dict[Side, int] = {}  # bit n: option n was refused before

    def state(self, side: Side, option: int) -> Q:
        """Give the state of one side of an option (0 to 255)."""
        return self._states.get(_key(side, option), Q.NO)

    def is_in_effect(self, side: Side, option: int) -> bool:
        """Say whether an option is on, including one whose end is not confirmed yet."""
        return self.state(side, option) in _IN_EFFECT

    @property
    def is_settled(self) -> bool:
        """True when the peer has answered all that we asked."""
        return _OPEN.isdisjoint(self._states.values())

    def request(self, side: Side, option: int, enable: bool) -> bytes:
        """Want an option on or off; returns the bytes to send, maybe none. Idempotent."""
        step = REQUESTED[self.state(side, option), enable]
        self._states[_key(side, option)] = step.state
        return _message(side, option, step.send)

    def receive(self, verb: int, option: int) -> Outcome:
        """Take the peer's WILL, WONT, DO or DONT about an option (0 to 255)."""
        side, positive = _MEANING[Command(verb)]
        before = self.state(side, option)
        step = self._step(side, option, before, positive)
        if step.state is not before:
            self._states[_key(side, option)] = step.state
        was, now = before in _IN_EFFECT, step.state in _IN_EFFECT
        return Outcome(
            side,
            _message(side, option, step.send),
            now if was != now else None,
            f"needless {command_name(verb)} {option_name(option)}" if step.is_violation else "",
        )

    def _step(self, side: Side, option: int, state: Q, positive: bool) -> Step:
        if state is not Q.NO or not positive:
            return RECEIVED[state, positive]
        if option in self._accepts[side]:
            return Step(Q.YES, send=True)
        refused = self._refused.get(side, 0)
        is_repeated = bool(refused >> option & 1)
        self._refused[side] = refused | 1 << option
        return Step(Q.NO, send=False, is_violation=is_repeated)


def _key(side: Side, option: int) -> int:
    return option if side is Side.LOCAL else option + 256


def _message(side: Side, option: int, positive: bool | None) -> bytes:
    if positive is None:
        return b""
    return bytes((Command.IAC, _SEND[side, positive], option))
