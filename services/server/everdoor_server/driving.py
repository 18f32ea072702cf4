"""Running lines: from the head of a lane to its end, or to where its command waits.

A command with an `async` func is driven step by step: it yields a request, the shell performs it,
and it goes on in a later turn. Lines that a line sets off are run as parts of it. The cursor of a
session moves when its line is complete; or at the first wait after it has shown or changed
something, so that nothing is done twice.

Source: docs/protocol.md, section 4.4.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import structlog

from everdoor.messages.callmessage import CallKey
from everdoor.messages.stream import (
    Connected,
    Disconnected,
    FlagsChanged,
    Input,
    Numbered,
    OutOfBand,
    Resume,
    Seen,
    Token,
)
from everdoor.playertext import is_about_passwords
from everdoor.trace import follow
from everdoor_server.collector import Collector
from everdoor_server.errands import Errands
from everdoor_server.gamerules import GameRules
from everdoor_server.lanes import Lane, Lanes, is_idle_line
from everdoor_server.linkdead import NOT_RESUMED, LinkDead
from everdoor_server.session import ServerSession
from everdoor_server.waits import Ask, Call, Pause, Request, Running, Waiting, next_request

MAX_INJECTED = 100
"""Lines that one typed line may set off; beyond it a command that runs itself would not end."""

NEVER = -1
"""A count that marks never have, so that they differ from it."""

VOID = "A line that you typed before the game was restarted was not done."
"""Said for each such line: it may have been an answer to a prompt that is no more."""

SKIPPED = (
    "A line of yours was not done: three times the game failed while doing it. It has been logged "
    "as {trace}."
)

CANNOT_GREET = "The game cannot take this connection; it has been logged. Please try again later."

Begin: TypeAlias = Callable[[Lane, Connected], ServerSession]
"""Makes the session of a connection that has just begun."""

_log = structlog.get_logger(__name__)


class Driver:
    """Runs the lines of all lanes of one generation.

    Args:
        errands: What is run though nobody has typed it.
        ids: Numbers for waits.
        new_session: Called with the first input of a connection.
    """

    def __init__(
        self,
        rules: GameRules,
        collector: Collector,
        lanes: Lanes,
        link_dead: LinkDead,
        errands: Errands,
        ids: Iterator[int],
        new_session: Begin,
    ) -> None:
        self._rules = rules
        self._collector = collector
        self._lanes = lanes
        self._new_session = new_session
        self._link_dead = link_dead
        self._errands = errands
        self._ids = ids
        self._alone: Lane | None = None
        self._set_off: deque[Lane] = deque()
        self._set_off_lines = 0
        self.lines_run = 0
        self.lines_skipped = 0
        self.logs_lines = False
        self._waits: list[Waiting] = []
        self._waiting: dict[int, Lane] = {}

    # One line.

    def step(self, lane: Lane) -> None:
        """Run the next input of a lane, or answer with it what its command has asked."""
        asking = lane.running if lane.is_asking else None
        is_free = lane.running is None or asking is not None
        if not is_free or not lane.queue or self._lanes.has_ended(lane):
            return
        message = lane.queue.pop(0)
        lane.seq, lane.calls, lane.marks = message.seq, 0, self._marks()
        self._set_off_lines = 0
        follow(lane)
        if asking is not None:
            self._take_while_asking(lane, asking, message)
            return
        try:
            running = self._begin(lane, message)
        except Exception as error:
            if lane.session is None:
                self._refuse(lane, error)
                return
            self._lanes.report(lane, error)
            running = None
        self._perform(lane, running)

    def _refuse(self, lane: Lane, error: Exception) -> None:
        """Close a connection for which the game cannot make a session."""
        _log.error("a session cannot be made", session=str(lane.key), exc_info=error)
        self._collector.refuse(lane.key, CANNOT_GREET)
        self._lanes.drop(lane)

    def step_alone(self, lane: Lane) -> None:
        """Run the next input of a lane while nothing else runs; its cursor moves in any case, so
        that what follows a wait is not run again should the server die of it."""
        self._alone = lane
        try:
            self.step(lane)
        finally:
            self._alone = None

    def skip(self, lane: Lane) -> None:
        """Complete the next input of a lane without running it: servers have died of it."""
        is_free = lane.running is None or lane.is_asking
        if not is_free or self._lanes.has_ended(lane):
            return
        message = lane.queue.pop(0)
        lane.seq, lane.calls = message.seq, 0
        if lane.running is not None:
            self._lanes.guarded(lane, lane.running.close)
            lane.running, lane.is_asking = None, False
        _log_skipped(lane, message)
        self.lines_skipped += 1
        session = lane.session
        if session is None:
            self._collector.refuse(lane.key, CANNOT_GREET)
            self._lanes.drop(lane)
        elif isinstance(message, Connected | Disconnected):
            self._rules.sessions.forget(session, CANNOT_GREET)
            self._lanes.drop(lane)
        else:
            if isinstance(message, Input):
                session.update_session_counters(idle=is_idle_line(message.text))
            if isinstance(message, Input | OutOfBand):
                session.msg(SKIPPED.format(trace=lane.trace))
            self._complete(lane)

    def _begin(self, lane: Lane, message: Numbered) -> Running | None:
        match message:
            # The cases are tried in order: most inputs are lines.
            case Input(text=text):
                session = lane.whole_session()
                session.update_session_counters(idle=is_idle_line(text))
                if session.is_void(message.prompt):
                    session.msg(VOID)
                    return None
                session.prompt_seen = message.prompt
                self.lines_run += 1
                if self.logs_lines:
                    _log.debug("line run")
                return self._rules.run(session, text, lane.trace)
            case Connected():
                return self._connect(lane, message)
            case OutOfBand(name=name, args=args, options=options):
                session = lane.whole_session()
                session.update_session_counters(idle=True)
                return self._rules.take_out_of_band(session, name, args, options, lane.trace)
            case FlagsChanged(flags=flags):
                lane.whole_session().learn_flags(flags)
            case Resume(hash=token_hash, seen=seen):
                self._resume(lane, token_hash, seen)
            case Token(hash=token_hash):
                lane.whole_session().allow_resume(token_hash)
            case Seen(number=number):
                self._collector.missed.confirm(lane.whole_session(), number)
            case Disconnected(reason=reason, clean=True):
                self._rules.sessions.end(lane.whole_session(), reason)
            case Disconnected(reason=reason):
                self._link_dead.lose(lane.whole_session(), reason)
        return None

    def _connect(self, lane: Lane, message: Connected) -> Running | None:
        """Greet a client; a greeting that a former server had begun and not shown begins again."""
        session = lane.session or self._new_session(lane, message)
        if message.resume:
            back = self._link_dead.resume(session, message.resume, message.seen)
            if back is not None:
                lane.session = back
                return None
        lane.marks = self._marks()
        if message.ticket:
            return self._rules.at_ticket(session, message.ticket)
        return self._rules.at_connected(session)

    def _resume(self, lane: Lane, token_hash: bytes, seen: int) -> None:
        """Bring a client that is at the login back to its session; what it was asked there is
        asked no more."""
        client = lane.whole_session()
        back: ServerSession | None = None
        if not client.logged_in:
            back = self._link_dead.resume(client, token_hash, seen, is_told=True)
        if back is None:
            client.data_out(char_login_result={"success": False, "message": NOT_RESUMED})
            return
        lane.session = back
        self._give_up_asking(lane)

    def _give_up_asking(self, lane: Lane) -> None:
        """End a command that waits for a line which will not come."""
        if lane.running is not None:
            self._lanes.guarded(lane, lane.running.close)
            lane.running, lane.is_asking = None, False
            lane.whole_session().interrupt_prompt()
            lane.marks = self._marks()

    # Prompts.

    def _take_while_asking(self, lane: Lane, asking: Running, message: Numbered) -> None:
        """Take an input while a command waits for a line; what is no line does not answer it, but
        an input function that waits takes its place."""
        session = lane.whole_session()
        if isinstance(message, Input) and is_idle_line(message.text):
            session.update_session_counters(idle=True)
        elif isinstance(message, Input) and not session.is_void(message.prompt):
            session.update_session_counters()
            lane.is_asking = False
            self._perform(lane, asking, message.text)
            return
        elif (running := self._begin_beside(lane, message)) is not None:
            self._give_up_asking(lane)
            self._perform(lane, running)
            return
        if self._lanes.has_ended(lane):
            self._lanes.drop(lane)
        else:
            self._move_cursor(lane)
            self._lanes.make_ready(lane)

    def _begin_beside(self, lane: Lane, message: Numbered) -> Running | None:
        """Begin what is no answer to the command that asks; an error disturbs nobody."""
        try:
            return self._begin(lane, message)
        except Exception as error:
            self._lanes.report(lane, error)
            return None

    def interrupt(self, lane: Lane) -> None:
        """Take back the prompt at which an adopted session was; the game may begin it again."""
        session = lane.whole_session()
        session.interrupt_prompt()
        lane.marks = self._marks()
        self._set_off_lines = 0
        running: Running | None = None
        try:
            running = self._rules.at_interrupted(session)
        except Exception as error:
            self._lanes.report(lane, error)
        self._perform(lane, running)

    # Commands, to their end or to where they wait.

    def _perform(
        self,
        lane: Lane,
        running: Running | None,
        answer: Any = None,
        error: Exception | None = None,
    ) -> None:
        """Drive a command and the lines that it sets off; move the cursor when all is done."""
        while running is None or self._drive(lane, running, answer, error):
            text = self._next_injected(lane)
            if text is None:
                self._complete(lane)
                break
            running = self._begin_injected(lane, text)
            answer = error = None
        self._run_set_off()

    def _drive(self, lane: Lane, running: Running, answer: Any, error: Exception | None) -> bool:
        """Let a command go on; False when it waits."""
        lane.running = running
        try:
            request = next_request(running, answer, error)
        except StopIteration:
            lane.running = None
        except Exception as exc:
            lane.running = None
            self._lanes.report(lane, exc)
        else:
            self._wait(lane, request)
            return False
        return True

    def _wait(self, lane: Lane, request: Request) -> None:
        if self._lanes.has_ended(lane):
            self._lanes.drop(lane)
            return
        session = lane.whole_session()
        self._hand_out(lane)
        if isinstance(request, Ask):
            session.begin_prompt(request.text, request.hidden)
            lane.is_asking = True
        else:
            self._wait_for_shell(lane, request)
        is_begun = self._marks() != lane.marks or lane is self._alone
        is_set_off = lane.cursor == lane.seq
        if (is_begun or is_set_off) and session.unfinished != lane.seq:
            # It is not run again: its player is told when it is interrupted.
            session.unfinished = lane.seq
            session.touch()
        if is_begun and lane.cursor < lane.seq:
            self._move_cursor(lane)
        self._lanes.make_ready(lane)

    def _wait_for_shell(self, lane: Lane, request: Call | Pause) -> None:
        lane.calls += 1
        wait_id = next(self._ids)
        self._waiting[wait_id] = lane
        key = CallKey(lane.key, lane.seq, lane.calls)
        self._waits.append(Waiting(wait_id, key, request, lane.trace))

    def _complete(self, lane: Lane) -> None:
        if self._lanes.has_ended(lane):
            self._lanes.drop(lane)
            return
        session = lane.whole_session()
        session.end_prompt()
        if session.unfinished:
            session.unfinished = 0
            session.touch()
        if lane.calls:
            self._lanes.answered(lane)
        if lane.cursor < lane.seq:
            self._move_cursor(lane)
        if self.logs_lines:
            _log.debug("line done")
        self._lanes.make_ready(lane)

    def _move_cursor(self, lane: Lane) -> None:
        lane.cursor = lane.seq
        self._collector.complete(lane.key, lane.seq)

    def _marks(self) -> int:
        return self._collector.marks + self._rules.change_count()

    # Waits.

    def is_waiting(self, wait_id: int) -> bool:
        return wait_id in self._waiting or self._errands.is_waiting(wait_id)

    def go_on(self, wait_id: int, answer: Any, error: Exception | None) -> Lane | None:
        """Let a command go on with what it waited for; returns its lane, if it still waits."""
        if self._errands.is_waiting(wait_id):
            self._set_off_lines = 0
            self._errands.go_on(wait_id, answer, error)
            self._hand_out(None)
            self._run_set_off()
            return None
        lane = self._waiting.pop(wait_id, None)
        if lane is None:
            return None
        if lane.running is None or self._lanes.has_ended(lane):
            self._lanes.answered(lane)
        else:
            follow(lane)
            lane.marks = self._marks()
            self._set_off_lines = 0
            self._perform(lane, lane.running, answer, error)
        return lane

    def count_waiting(self) -> int:
        """Commands that wait for time or an answer."""
        return len(self._waiting)

    def take_waits(self) -> list[Waiting]:
        """What commands have begun to wait for since the last call, and still do."""
        waits, self._waits = self._waits, []
        waits = [waiting for waiting in waits if self._still_waits(waiting)]
        return waits + self._errands.take_waits()

    def _still_waits(self, waiting: Waiting) -> bool:
        lane = self._waiting[waiting.id]
        if lane.running is None:
            del self._waiting[waiting.id]
            self._lanes.answered(lane)
        return lane.running is not None

    # Lines that were set off.

    def run_set_off_outside(self) -> None:
        """Run the lines that an action or a hook outside of commands has set off."""
        self._set_off_lines = 0
        self._hand_out(None)
        self._run_set_off()

    def _run_set_off(self) -> None:
        """Run the lines that were set off in lanes that are free, the others run theirs later; and
        what nobody has typed."""
        while self._set_off or self._errands:
            while self._errands and self._counts():
                self._errands.begin_next()
                self._hand_out(None)
            if not self._set_off:
                return
            other = self._set_off.popleft()
            if other.running is None and (text := self._next_injected(other)) is not None:
                other.marks = self._marks()
                self._perform(other, self._begin_injected(other, text))

    def _begin_injected(self, lane: Lane, text: str) -> Running | None:
        try:
            return self._rules.run(lane.whole_session(), text, lane.trace)
        except Exception as error:
            self._lanes.report(lane, error)
            return None

    def _next_injected(self, lane: Lane) -> str | None:
        """The next line that the lane's command has set off; others' lines go to their lanes."""
        self._hand_out(lane)
        if not lane.injected or self._lanes.has_ended(lane):
            return None
        if not self._counts(lane):
            return None
        return lane.injected.pop(0)

    def _counts(self, lane: Lane | None = None) -> bool:
        """Count one more that was set off; False: it is one too many, and forgotten."""
        self._set_off_lines += 1
        if self._set_off_lines <= MAX_INJECTED:
            return True
        trace = lane.trace if lane is not None else ""
        _log.error("a line set off too many others", trace=trace, most=MAX_INJECTED)
        if lane is not None:
            lane.injected.clear()
        else:
            self._errands.clear()
        return False

    def _hand_out(self, lane: Lane | None) -> None:
        """Bring the lines that were set off to their lanes; one to another lane shows there.

        Args:
            lane: Whose command set them off; None: an action or a hook outside of commands did.
        """
        acts = self._rules.take_acts()
        if acts:
            self._errands.add(acts)
            if lane is not None:
                lane.marks = NEVER
        injected, self._collector.injected = self._collector.injected, []
        for session, text in injected:
            target = self._lanes.get(session.key)
            if target is not None:
                target.injected.append(text)
                if target is not lane:
                    self._set_off.append(target)
            elif (act := self._rules.act_of(session, text)) is not None:
                self._errands.add([act])
            else:
                continue
            if lane is not None and target is not lane:
                lane.marks = NEVER


def may_be_secret(session: ServerSession | None, message: Input) -> bool:
    """Whether a password may be in a line: before the login, at a prompt, in commands for it."""
    if session is None or not session.logged_in or session.is_asked:
        return True
    return is_about_passwords(message.text) or message.prompt < session.prompt


def _log_skipped(lane: Lane, message: Numbered) -> None:
    """Log what is needed to find out what a line does, unless a password may be in it."""
    session = lane.session
    text = type(message).__name__
    if isinstance(message, Input | OutOfBand):
        # What is said out of band may hold a password under any name.
        text = message.text if isinstance(message, Input) else message.name
    is_secret = isinstance(message, Input) and may_be_secret(session, message)
    _log.error(
        "a line was skipped: servers have died of it",
        session=str(lane.key),
        sessid=session.sessid if session else 0,
        account=session.uname if session else None,
        puppet=session.puname if session else None,
        seq=message.seq,
        text="***" if is_secret else text,
        trace=lane.trace,
    )
