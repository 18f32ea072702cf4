"""What the auth service does with a call: from a request to its answer.

No sockets: `app` joins this with rpc. Who may ask is decided in `gate`; the work is done in
`logins`, `tickets`, `keys`, `creation`, `guests`, `upkeep` and `banning`; this module sees to it
that a call asked again has its effect once.

An effect and the answer that reports it are stored in one transaction, so that this also holds
over a crash. What had no effect is not stored: the answer to a login that succeeded is kept in
memory only, and simply found again by a service that was restarted meanwhile. What was refused is
not kept at all: asked again, it is judged again.

Source: docs/protocol.md, section 6 (calls) and 7 (codes).
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from typing import Any, TypeAlias

import structlog

from everdoor.errors import CallRefused, StoreBusy
from everdoor.messages.accounts import (
    AddBan,
    AddKey,
    Authenticate,
    ChangePassword,
    CheckKey,
    Confirm,
    CreateAccount,
    CreateGuest,
    DeleteAccount,
    FindAccount,
    ListAccounts,
    ListBans,
    ListChanges,
    ListKeys,
    LogoutAccount,
    RedeemTicket,
    RemoveBan,
    RemoveKey,
    RenameAccount,
    SetPassword,
    SweepGuests,
    TicketByKey,
    TicketByPassword,
)
from everdoor.messages.callmessage import CallKey, Done
from everdoor.messages.calls import Answer, Call, Failed, Request
from everdoor.trace import follow
from everdoor_auth import records
from everdoor_auth.banning import Banning
from everdoor_auth.creation import Creation
from everdoor_auth.gate import Gate
from everdoor_auth.guests import Guests
from everdoor_auth.kept import Asked, Kept, KeptAnswers, fingerprint, refuse_other_arguments
from everdoor_auth.keys import KeyRing
from everdoor_auth.logins import Logins
from everdoor_auth.passwords import HashingThreads
from everdoor_auth.tickets import Tickets
from everdoor_auth.tools import Settled, Tools
from everdoor_auth.upkeep import Upkeep

SWEEP_EVERY_S = 60.0
"""How often what has lost its meaning is dropped; cheap, and never while nothing is asked."""

log = structlog.get_logger(__name__)

Effect: TypeAlias = Callable[[Any, Asked | None], Awaitable[Settled]]
"""Works on calls of one type that change something, or count: once under each key."""

Other: TypeAlias = Callable[[Any], Awaitable[Answer]]
"""Works on calls of one type that may as well be answered anew."""


class AuthService:
    """Answers calls; must be loaded once before the first.

    Attributes:
        outcomes: How many calls were answered, by kind and `done` or the code of a refusal.

    Args:
        tools: Its throttle is fresh; what counts from before is loaded.
        common_passwords: Refused for new accounts, in lower case.
        is_open: Whether others than the command line may make accounts.
    """

    def __init__(
        self, tools: Tools, common_passwords: Collection[str], is_open: bool = True
    ) -> None:
        self._tools = tools
        self._gate = Gate()
        self._banning = banning = Banning(tools)
        logins = Logins(tools, banning)
        guests = Guests(tools, banning)
        upkeep = Upkeep(tools, banning, logins, common_passwords)
        tickets, keys = Tickets(tools, banning, logins), KeyRing(tools)
        self._effects: dict[type, Effect] = {
            Authenticate: logins.authenticate,
            CreateAccount: Creation(tools, banning, common_passwords, is_open).create,
            CreateGuest: guests.create,
            ChangePassword: upkeep.change_password,
            SetPassword: upkeep.set_password,
            RenameAccount: upkeep.rename,
            LogoutAccount: upkeep.log_out,
            DeleteAccount: upkeep.delete,
            TicketByPassword: tickets.by_password,
            TicketByKey: tickets.by_key,
            RedeemTicket: tickets.redeem,
            AddKey: keys.add,
            RemoveKey: keys.remove,
            AddBan: banning.add,
            RemoveBan: banning.remove,
        }
        self._others: dict[type, Other] = {
            Confirm: self._confirm,
            SweepGuests: guests.sweep,
            CheckKey: tickets.check_key,
            ListKeys: keys.list_keys,
            FindAccount: upkeep.find,
            ListAccounts: upkeep.list_accounts,
            ListChanges: upkeep.list_changes,
            ListBans: banning.list_bans,
        }
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self._kept = KeptAnswers()
        self._running: dict[CallKey, tuple[str, asyncio.Task[Answer]]] = {}
        self._next_sweep = math.inf

    async def load(self) -> None:
        """Take up what a former life of the service has stored.

        Raises:
            StoreBusy: The database cannot be used.
        """
        now, wall = self._tools.clocks.monotonic(), self._tools.clocks.wall()
        marks = await self._tools.store.write(lambda db: records.read_marks(db, wall))
        self._tools.throttle.restore(marks, now)
        for key, kept in await self._tools.store.read(lambda db: records.read_kept(db, wall)):
            self._kept.keep(key, kept._replace(at=now + kept.at))
        await self._sweep(now)

    @property
    def hashing(self) -> HashingThreads:
        return self._tools.hashing

    async def handle(self, request: Request) -> Answer:
        """Answer a request; whatever is refused is answered Failed with its code.

        A call that is asked again under its key gets the answer of the first time, also while
        that is still under way.
        """
        follow(request.trace)
        name = str(type(request.call).__struct_config__.tag)
        answer = await self._handle(request)
        outcome = answer.code if isinstance(answer, Failed) else "done"
        self.outcomes[name, outcome] += 1
        log.debug("call answered", call=name, outcome=outcome)
        return answer

    async def _handle(self, request: Request) -> Answer:
        try:
            self._gate.admit(request)
            now = self._tools.clocks.monotonic()
            if now >= self._next_sweep:
                await self._sweep(now)
            answer = await self._answer(request.call, request.key)
            if request.role == "cli" and type(request.call) in self._effects:
                log.info("done for an operator", call=type(request.call).__name__)
            return answer
        except CallRefused as exc:
            return Failed(exc.code, str(exc), exc.retry_after_s)
        except StoreBusy:
            return Failed("busy", "Accounts cannot be reached just now; try again in a moment.")

    async def _answer(self, call: Call, key: CallKey | None) -> Answer:
        if (other := self._others.get(type(call))) is not None:
            return await other(call)
        effect = self._effects[type(call)]
        if key is None:
            return (await effect(call, None)).answer
        return await self._answer_once(effect, call, Asked(key, fingerprint(call)))

    async def _answer_once(self, effect: Effect, call: Call, asked: Asked) -> Answer:
        if (kept := self._kept.find(asked)) is not None:
            return kept
        key = asked.key
        if key in self._running:
            running_for, task = self._running[key]
            refuse_other_arguments(running_for, asked.fingerprint)
        else:
            task = asyncio.create_task(self._work_and_keep(effect, call, asked))
            self._running[key] = asked.fingerprint, task
            task.add_done_callback(lambda _task: self._running.pop(key))
        # One who stops waiting must not take the answer from others who ask the same.
        return await asyncio.shield(task)

    async def _work_and_keep(self, effect: Effect, call: Call, asked: Asked) -> Answer:
        answer, is_stored = await effect(call, asked)
        now = self._tools.clocks.monotonic()
        self._kept.keep(asked.key, Kept(asked.fingerprint, answer, now, is_stored))
        return answer

    async def _confirm(self, call: Confirm) -> Answer:
        if stored := self._kept.confirm(call.cursors):
            await self._tools.store.write(lambda db: records.drop_kept(db, stored))
        return Done()

    async def _sweep(self, now: float) -> None:
        """Drop what has lost its meaning, here and in the database."""
        self._next_sweep = now + SWEEP_EVERY_S
        self._tools.throttle.prune(now)
        self._kept.prune(now)
        wall, longest_s = self._tools.clocks.wall(), self._tools.throttle.longest_timeout_s
        await self._tools.store.write(lambda db: records.drop_old(db, longest_s, wall))
        await self._banning.drop_expired()
