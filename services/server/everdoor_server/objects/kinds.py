"""The kinds of objects that ship: Room, Exit, Character, Thing; games derive their own."""

from __future__ import annotations

from typing import Any, ClassVar

from everdoor_server.objects.base import Object
from everdoor_server.rows import Label

BORROWED = Label("tag", "account", "borrowed")
"""Marks a character that stays where it is when it is let go."""


class Thing(Object):
    """Something that lies about and can be picked up."""

    path: ClassVar[str] = "everdoor_server.objects.Thing"


class Room(Object):
    """A place; it is nowhere itself."""

    path: ClassVar[str] = "everdoor_server.objects.Room"
    default_locks: ClassVar[str] = f"{Object.default_locks};get:false();puppet:false()"
    default_description: ClassVar[str] = "This is a room."


class Exit(Object):
    """A way from the room where it is to its destination; its name is a command there."""

    path: ClassVar[str] = "everdoor_server.objects.Exit"
    default_locks: ClassVar[str] = (
        f"{Object.default_locks};get:false();puppet:false();traverse:all()"
    )
    default_description: ClassVar[str] = "This is an exit."

    def at_traverse(self, traversing_object: Object, target: Object, **kwargs: Any) -> None:
        """Move somebody through."""
        source = traversing_object.location
        if traversing_object.move_to(target, move_type="traverse", exit_obj=self):
            self.at_post_traverse(traversing_object, source)
        elif self.db.err_traverse:
            traversing_object.msg(self.db.err_traverse)
        else:
            self.at_failed_traverse(traversing_object)

    def at_post_traverse(self, traversing_object: Object, source: Object | None) -> None:
        """Somebody has gone through."""

    def at_failed_traverse(self, traversing_object: Object, **kwargs: Any) -> None:
        """Somebody may not go through."""
        traversing_object.msg("You cannot go there.")


class Character(Object):
    """Somebody; what an account plays."""

    path: ClassVar[str] = "everdoor_server.objects.Character"
    default_locks: ClassVar[str] = f"{Object.default_locks};get:false();call:false()"
    default_description: ClassVar[str] = "This is a character."
    is_character: ClassVar[bool] = True

    def at_post_move(self, source: Object | None, **kwargs: Any) -> None:
        """Look around."""
        location = self.location
        if location is not None:
            self.msg((self.at_look(location), {"type": "look"}))

    def at_pre_puppet(self, account: Any, session: Any, **kwargs: Any) -> None:
        """Come back to where it was when it was last let go.

        One that stands in the world, and is none of the account's own, is borrowed: it stays there
        when it is let go.
        """
        if self.location is not None and not self.has_account and not account.owns(self):
            self.tags.add(BORROWED.name, BORROWED.category)
        if self.location is None:
            self.location = self.db.prelogout_location or self.home or self.objects.start_location()
        if self.location is None:
            account.msg(f"{self.key} has no location and no home is set.", session=session)

    def at_post_puppet(self, session: Any = None, **kwargs: Any) -> None:
        """Tell it who it is and where, and the place that it is here.

        Args:
            session: The sessions that have joined others, of which the place hears nothing; None:
                it has just come.
        """
        self.msg(f"\nYou become {self.key}.\n", session=session)
        location = self.location
        if location is None:
            return
        self.msg((self.at_look(location), {"type": "look"}), session=session)
        if session is None and not self._is_borrowed:
            text = "{name} has entered the game."
            location.msg_contents(text, [self], self, {"name": self})

    def at_post_unpuppet(self, account: Any = None, session: Any = None, **kwargs: Any) -> None:
        """Leave the world when the last session has let go, unless it was only borrowed."""
        location = self.location
        if self.has_account or location is None:
            return
        if self._is_borrowed:
            self.tags.remove(BORROWED.name, BORROWED.category)
            return
        reason = kwargs.get("reason", "")
        text = f"{{name}} has left the game{reason}."
        location.msg_contents(text, [self], self, {"name": self})
        self.db.prelogout_location = location
        self.location = None

    @property
    def _is_borrowed(self) -> bool:
        return self.tags.has(BORROWED.name, BORROWED.category)
