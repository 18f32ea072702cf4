"""Commands of builders about what is kept with things: attributes, tags, locks."""

from __future__ import annotations

import ast
import re
from typing import Any

from everdoor.errors import UserError
from everdoor.markup.tags import escape
from everdoor_server.commands.default.building.parts import BuildingCommand, shown

LONGEST_ATTRIBUTE = 60

_OBJECT = re.compile(r"#\d{1,18}\Z")

_ATTRIBUTE = re.compile(r"[\w.\- ]+\Z")


class CmdSetAttribute(BuildingCommand):
    """
    set, show and clear what is kept with a thing

    Usage:
      set <thing>/<attribute>
      set <thing>/<attribute> = <value>
      set <thing>/<attribute> =

    A value is a text, or a number, True, False, None, a list or a dictionary in
    Python's spelling; #12 is the object. With nothing behind the = it is
    cleared. Code finds it as `thing.db.<attribute>`.

    Examples:
      set sword/weight = 3
      set sword/owners = ["Anna", "Bo"]
    """

    key = "set"

    def func(self) -> None:
        name, slash, attribute = (part.strip() for part in self.lhs.partition("/"))
        if not name or not slash or not attribute:
            self.msg("Usage: set <thing>/<attribute> [= [value]]")
            return
        if not _ATTRIBUTE.match(attribute) or len(attribute) > LONGEST_ATTRIBUTE:
            raise UserError(
                "The name of an attribute is letters, numbers and _.-, at most "
                f"{LONGEST_ATTRIBUTE}, not '{escape(attribute)}'."
            )
        thing = self.target(name)
        if thing is None:
            return
        if self.rhs is None:
            self._show(thing, attribute)
        elif self.rhs:
            self._set(thing, attribute, self.rhs)
        else:
            self._clear(thing, attribute)

    def _show(self, thing: Any, attribute: str) -> None:
        if thing.attributes.has(attribute):
            value = value_shown(thing.attributes.get(attribute))
            self.msg(f"{shown(thing)}/{attribute} = {value}")
        else:
            self.msg(f"{shown(thing)} has no attribute '{attribute}'.")

    def _set(self, thing: Any, attribute: str, text: str) -> None:
        try:
            thing.attributes.add(attribute, self._value(text))
        except TypeError as exc:
            raise UserError(f"{escape(text[:40])} cannot be kept: {exc}") from exc
        self._show(thing, attribute)

    def _clear(self, thing: Any, attribute: str) -> None:
        if thing.attributes.has(attribute):
            thing.attributes.remove(attribute)
            self.msg(f"{shown(thing)} has no attribute '{attribute}' any more.")
        else:
            self.msg(f"{shown(thing)} has no attribute '{attribute}'.")

    def _value(self, text: str) -> Any:
        if not _OBJECT.match(text):
            return read_value(text)
        found = self.game.objects.get(int(text[1:]))
        if found is None:
            raise UserError(f"There is no object {text}.")
        return found


class CmdTag(BuildingCommand):
    """
    tag things, so that code finds them

    Usage:
      tag <thing>
      tag <thing> = <tag>[:<category>]
      tag/del <thing> = <tag>[:<category>]

    Without a tag it shows those that there are. The room with the tag
    start:place is where new characters begin.
    """

    key = "tag"
    aliases = ("tags",)
    switch_options = ("del",)

    def func(self) -> None:
        if not self.lhs:
            self.msg("Usage: tag[/del] <thing> [= <tag>[:<category>]]")
            return
        thing = self.target(self.lhs)
        if thing is None:
            return
        if self.rhs:
            tag, _, category = (part.strip() for part in self.rhs.partition(":"))
            self._change(thing, tag, category)
        tags = ", ".join(escape(tag_shown(*pair)) for pair in thing.tags.pairs()) or "none"
        self.msg(f"Tags of {shown(thing)}: {tags}.")

    def _change(self, thing: Any, tag: str, category: str) -> None:
        if not tag:
            raise UserError("A tag is missing before the colon.")
        if "del" not in self.switches:
            thing.tags.add(tag, category)
        elif thing.tags.has(tag, category):
            thing.tags.remove(tag, category)
        else:
            raise UserError(f"{shown(thing)} has no tag '{escape(tag_shown(category, tag))}'.")


class CmdLock(BuildingCommand):
    """
    say who may do what with a thing

    Usage:
      lock <thing>
      lock <thing> = <type>:<expression>[;<type>:<expression> ...]
      lock/del <thing> = <type>

    Without a lock it shows those that there are.

    Examples:
      lock chest = get:false()
      lock gate = traverse:holds(brass key) or perm(Builder)
    """

    key = "lock"
    aliases = ("locks",)
    switch_options = ("del",)

    def func(self) -> None:
        if not self.lhs:
            self.msg("Usage: lock[/del] <thing> [= <type>:<expression>]")
            return
        thing = self.target(self.lhs, "control")
        if thing is None:
            return
        if self.rhs and "del" in self.switches:
            thing.locks.remove(self.rhs.rstrip(":").lower())
        elif self.rhs:
            thing.locks.add(self.rhs)
        listed = "\n".join(f"  {escape(lock)}" for lock in thing.locks.all())
        self.msg(f"Locks of {shown(thing)}:\n{listed}")


def read_value(text: str) -> Any:
    """A value in Python's spelling; what is none is a text."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text


def value_shown(value: Any) -> str:
    """A value as it would be typed, its markup not done."""
    named = getattr(value, "dbref", None)
    return f"{value.key}({named})" if isinstance(named, str) else escape(repr(value))


def tag_shown(category: str, tag: str) -> str:
    return f"{tag}:{category}" if category else tag
