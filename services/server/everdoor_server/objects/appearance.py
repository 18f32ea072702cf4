"""What somebody sees of an object: the texts of `look`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from everdoor_server.objects.base import Object

LINK_DEAD = "(link-dead)"
"""Said behind the name of who has lost the connection."""

NUMBERS = "no one two three four five six seven eight nine ten eleven twelve".split()


def appearance(obj: Object, looker: Any, **kwargs: Any) -> str:
    """Name, description, exits, characters and things, each on its own line where there is any."""
    parts = [
        f"{obj.get_display_name(looker)}{obj.get_extra_display_name_info(looker)}",
        obj.get_display_desc(looker, **kwargs),
        obj.get_display_exits(looker, **kwargs),
        obj.get_display_characters(looker, **kwargs),
        obj.get_display_things(looker, **kwargs),
    ]
    return "\n".join(part for part in parts if part)


def exits_line(obj: Object, looker: Any) -> str:
    names = [each.get_display_name(looker) for each in _seen(obj.exits, looker)]
    return f"Exits: {listed(names)}" if names else ""


def characters_line(obj: Object, looker: Any) -> str:
    seen = _seen(obj.contents, looker)
    names = [_with_link(each, looker) for each in seen if each.is_character]
    return f"Characters: {listed(names)}" if names else ""


def things_line(obj: Object, looker: Any) -> str:
    seen = _seen(obj.contents, looker)
    things = [each for each in seen if each.destination_id is None and not each.is_character]
    grouped: dict[str, list[Object]] = {}
    for thing in things:
        grouped.setdefault(thing.get_display_name(looker), []).append(thing)
    names = [_counted(same, looker) for same in grouped.values()]
    return f"You see: {listed(names)}" if names else ""


def numbered_name(obj: Object, count: int, looker: Any) -> tuple[str, str]:
    """A name for one and for many: ("an oar", "two oars"); `db.plural` says what no rule does."""
    name = obj.get_display_name(looker)
    plural = obj.db.plural or _plural(name)
    word = NUMBERS[count] if count < len(NUMBERS) else str(count)
    return f"{_article(name)} {name}", f"{word} {plural}"


def listed(names: list[str]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _seen(objects: Iterable[Object], looker: Any) -> list[Object]:
    return [obj for obj in objects if obj is not looker and obj.access(looker, "view", True)]


def _with_link(character: Object, looker: Any) -> str:
    name = character.get_display_name(looker)
    return f"{name} {LINK_DEAD}" if character.is_link_dead else name


def _counted(same: list[Object], looker: Any) -> str:
    singular, plural = same[0].get_numbered_name(len(same), looker)
    return singular if len(same) == 1 else plural


def _article(name: str) -> str:
    return "an" if name[:1].casefold() in "aeiou" else "a"


def _plural(name: str) -> str:
    if name.endswith(("s", "x", "ch", "sh")):
        return f"{name}es"
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return f"{name[:-1]}ies"
    return f"{name}s"
