"""Puppeting: how an account's session takes control of an object, and lets go of it.

All rules of the multisession modes about puppets are here (docs/sessions.md); what an object does
about it is in its hooks, and which sessions there are is the handler's business.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog

from everdoor_server.accounts import Account, Accounts
from everdoor_server.locks import has_permission
from everdoor_server.objects import Object, telling
from everdoor_server.rows import Label
from everdoor_server.session import ServerSession

SHARING_MODES = (1, 3)
"""Multisession modes in which several sessions may control one object."""

PUPPETED = Label("tag", "account", "puppeted")
"""Marks what somebody controls, as in Evennia."""

SAVED_FLAGS = "_saved_protocol_flags"
"""Attribute of an account: what its clients are to be taken for, whatever they say."""

EXEMPT_PERMISSION = "Developer"
"""Who has it may control any number of objects; as in Evennia."""

_log = structlog.get_logger(__name__)


class Puppeting:
    """Puppets of one world.

    Args:
        accounts: The accounts of the world; they are told who does this for them.
    """

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._objects = accounts.objects
        self._mode = accounts.options.multisession_mode
        accounts.puppeteer = self

    # Around the life of a session.

    def at_login(self, session: ServerSession, account: Account) -> None:
        """Run the hooks of an account that has just been bound to a session."""
        account.sessions.add(session)
        if saved := account.attributes.get(SAVED_FLAGS):
            session.update_flags(**saved)
        if account.attributes.has("FIRST_LOGIN"):
            account.attributes.remove("FIRST_LOGIN")
            account.at_first_login()
        account.at_pre_login()
        account.at_post_login(session)

    def at_back(self, session: ServerSession, account: Account, is_seamless: bool) -> None:
        """Show a session that was link-dead where it is; no hook of a login or a puppet is run."""
        if saved := account.attributes.get(SAVED_FLAGS):
            session.update_flags(**saved)
        obj = self._objects.get(session.puid)
        if obj is not None:
            telling.tell_all(obj, [session])
        if is_seamless:
            return
        session.msg("You come back.")
        if obj is None:
            session.msg((account.at_look(session=session), {"type": "look"}))
        elif obj.location is not None:
            session.msg((obj.at_look(obj.location), {"type": "look"}))

    def at_disconnect(self, session: ServerSession, reason: str = "") -> None:
        """Release the puppet of a session that ends, and run the hooks of its account."""
        account = self._accounts.get(session.uid) if session.logged_in else None
        if account is None:
            return
        try:
            self.unpuppet_object(account, [session])
        finally:
            account.sessions.remove(session)
            try:
                account.at_disconnect(reason)
            finally:
                if account.is_guest and not account.is_connected:
                    self._accounts.delete(account)

    def restore(self, session: ServerSession) -> None:
        """Link the account and puppet of a session that has survived a restart, in silence.

        What does not exist any more is unlinked: the session is then out of character, or not
        logged in.
        """
        account = self._accounts.get(session.uid)
        if account is None:
            session.set_account(None)
            session.set_puppet(None)
            return
        session.account, session.uname = account, account.key
        account.sessions.add(session)
        obj = self._objects.get(session.puid)
        if obj is not None:
            self._link(account, session, obj)
            session.puname = obj.key
        elif session.puid is not None or session.puname is not None:
            session.set_puppet(None)

    def enter(self, account: Account, session: ServerSession) -> None:
        """Bring a session that has just logged in to its puppet, or show it the characters."""
        obj = self._puppet_at_login(account, session)
        if obj is None or not self.puppet_object(account, session, obj):
            session.msg((account.at_look(session=session), {"type": "look"}))

    # Taking control and letting go.

    def puppet_object(self, account: Account, session: ServerSession, obj: Object) -> bool:
        """Take control of an object.

        In mode 1 all sessions of the account do. Nothing has changed when it is refused.

        Returns:
            False after the session was told why not.
        """
        refusal = self._refusal(account, session, obj)
        if refusal:
            session.msg(refusal)
            return False
        taking = self._sessions_for(account, session, obj)
        holders = obj.sessions.all()
        self._tell(session, obj, holders)
        self.unpuppet_object(account, [each for each in taking if each.puid is not None])
        obj.at_pre_puppet(account, session=session)
        for each in taking:
            self._link(account, each, obj)
            each.set_puppet(obj)
        if self._mode not in SHARING_MODES:
            # Only now, so that nobody sees the object leave and come back.
            self.unpuppet_object(account, holders)
        obj.at_post_puppet(session=taking if holders else None)
        telling.tell_all(obj, taking)
        account.last_puppet_id = obj.id
        return True

    def unpuppet_object(
        self, account: Account, sessions: Sequence[ServerSession], **kwargs: Any
    ) -> None:
        """Let go of what these sessions control; those that control nothing are left alone."""
        for session in list(sessions):
            obj = self._objects.get(session.puid)
            if obj is not None and session in obj.sessions.all():
                obj.at_pre_unpuppet(**kwargs)
                obj.sessions.remove(session)
                if not obj.has_account:
                    obj.account = None
                obj.at_post_unpuppet(account, session=session, **kwargs)
                if not obj.has_account:
                    obj.tags.remove(PUPPETED.name, PUPPETED.category)
            session.set_puppet(None)

    def sweep(self) -> None:
        """Have what is marked as puppeted, and is not, be let go of; a hook that raises is logged.

        A server ended between the loss of a session and what follows from it.
        """
        for obj in self._objects.find(tag=PUPPETED.name, category=PUPPETED.category):
            if obj.has_account:
                continue
            try:
                obj.at_post_unpuppet(None, session=None, reason=" (connection lost)")
            except Exception:
                _log.exception("a body could not leave", object=obj.id)
            obj.tags.remove(PUPPETED.name, PUPPETED.category)

    # Private.

    def _refusal(self, account: Account, session: ServerSession, obj: Object) -> str:
        """Why an account may not take control; nothing when it may."""
        owner = obj.account
        if session.puid == obj.id:
            return "You are already puppeting this object."
        if not obj.access(account, "puppet"):
            return f"You don't have permission to puppet '{obj.key}'."
        if owner is not None and owner is not account and obj.has_account:
            return f"{obj.key} is already puppeted by another Account."
        if self._is_one_too_many(account, session, obj):
            most = self._accounts.options.max_nr_simultaneous_puppets
            return f"You cannot control any more puppets (max {most})."
        return ""

    def _is_one_too_many(self, account: Account, session: ServerSession, obj: Object) -> bool:
        most = self._accounts.options.max_nr_simultaneous_puppets
        if not most or self._mode == 1 or account.is_superuser:
            return False
        if has_permission(account.permissions.all(), EXEMPT_PERMISSION):
            return False
        others = (other.puid for other in account.sessions.all() if other is not session)
        return len({puid for puid in others if puid is not None} - {obj.id}) >= most

    def _sessions_for(
        self, account: Account, session: ServerSession, obj: Object
    ) -> list[ServerSession]:
        if self._mode != 1:
            return [session]
        return [each for each in account.sessions.all() if each.puid != obj.id]

    def _tell(self, session: ServerSession, obj: Object, holders: list[ServerSession]) -> None:
        """Tell both that the account's other sessions share the object, or lose it."""
        if not holders:
            return
        if self._mode in SHARING_MODES:
            session.msg(f"Sharing {obj.key} with another of your sessions.")
            theirs = f"{obj.key} is now shared from another of your sessions."
        else:
            session.msg(f"Taking over {obj.key} from another of your sessions.")
            theirs = f"{obj.key} is now acted from another of your sessions."
        obj.msg(theirs, session=holders)

    def _link(self, account: Account, session: ServerSession, obj: Object) -> None:
        obj.sessions.add(session)
        obj.account = account
        obj.tags.add(PUPPETED.name, PUPPETED.category)
        session.puppet = obj

    def _puppet_at_login(self, account: Account, session: ServerSession) -> Object | None:
        others = [other for other in account.sessions.all() if other is not session]
        if self._mode == 1 and others:
            return self._objects.get(others[0].puid)
        if not self._accounts.options.auto_puppet_on_login:
            return None
        obj = self._objects.get(account.last_puppet_id)
        held = obj is not None and obj.has_account > 0
        return None if held and self._mode == 2 else obj
