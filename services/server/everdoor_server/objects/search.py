"""How what somebody typed becomes an object: `search` of an Object.

Knows names, aliases, parts of them, numbers among equals (`2-box`, `box-2`), `me`, `here` and ids
(`#7`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from everdoor.markup.tags import escape
from everdoor_server.locks import check_locks

if TYPE_CHECKING:
    from everdoor_server.objects.base import Object

_ANYWHERE = "number:perm(Builder)"
"""Who may name things by `#number` wherever they are; others only what they could name anyway."""

_NUMBERED = re.compile(r"(?:(?P<first>\d{1,9})-(?P<name>.+)|(?P<named>.+)-(?P<last>\d{1,9}))\Z")


def search(
    searcher: Object,
    searchdata: str,
    *,
    global_search: bool = False,
    location: Object | None = None,
    candidates: Iterable[Object] | None = None,
    typeclass: type[Object] | None = None,
    exact: bool = False,
    quiet: bool = False,
    nofound_string: str | None = None,
    multimatch_string: str | None = None,
) -> Any:
    """Find an object by what somebody typed.

    Args:
        global_search: Look everywhere in the world.
        location: Look only in this.
        candidates: Look only among these.
        typeclass: Only objects of this class or one below.
        exact: Whole names only.
        quiet: Say nothing, return a list of all that fits.
        nofound_string, multimatch_string: Said instead of the usual texts.

    Returns:
        The object, or None after the searcher was told why; with `quiet` a list.
    """
    asked = searchdata.strip()
    among = _candidates(searcher, asked, global_search, location, candidates)
    if typeclass is not None:
        among = [obj for obj in among if isinstance(obj, typeclass)]
    found = _special(searcher, asked) or _numbered(asked, among, exact)
    if quiet:
        return found
    if len(found) == 1:
        return found[0]
    if found:
        searcher.msg(multimatch_string or multimatch(asked, found, searcher))
    else:
        searcher.msg(nofound_string or f"Could not find '{escape(asked)}'.")
    return None


def matches(name: str, candidates: Iterable[Object], exact: bool = False) -> list[Object]:
    """Objects that a name may mean: those called so, else those with words that begin so."""
    folded = name.casefold()
    among = list(candidates)
    called = [obj for obj in among if folded in obj.folded_names()]
    if called or exact or not folded:
        return called
    words = folded.split()
    return [obj for obj in among if any(_begins(each, words) for each in obj.folded_names())]


def multimatch(asked: str, found: list[Object], searcher: Object) -> str:
    """The text that lists what could have been meant, with the numbers to choose by."""
    lines = [f"More than one match for '{escape(asked)}' (please narrow target):"]
    for number, obj in enumerate(found, 1):
        aliases = ";".join(obj.aliases.all())
        shown = f" [{aliases}]" if aliases else ""
        place = " (carried)" if obj.location is searcher else ""
        name = obj.get_display_name(searcher)
        which = obj.get_extra_display_name_info(searcher)
        lines.append(f" {name}-{number}{shown}{place}{which and f' {which}'}")
    return "\n".join(lines)


def _special(searcher: Object, asked: str) -> list[Object]:
    match asked.casefold():
        case "me" | "self":
            return [searcher]
        case "here" if searcher.location is not None:
            return [searcher.location]
        case _:
            return []


def _candidates(
    searcher: Object,
    asked: str,
    global_search: bool,
    location: Object | None,
    candidates: Iterable[Object] | None,
) -> list[Object]:
    if candidates is not None:
        return list(candidates)
    if location is not None:
        return location.contents
    if global_search or (asked.startswith("#") and check_locks(_ANYWHERE, searcher, "number")):
        return searcher.objects.find(asked) or searcher.objects.find(_unnumbered(asked))
    here = searcher.location
    return [*searcher.contents, *([here, *here.contents] if here is not None else [])]


def _numbered(asked: str, among: list[Object], exact: bool) -> list[Object]:
    if asked.startswith("#"):
        return [obj for obj in among if obj.dbref == asked]
    found = matches(asked, among, exact)
    numbered = _NUMBERED.match(asked)
    if found or numbered is None:
        return found
    number = int(numbered["first"] or numbered["last"])
    found = matches(_unnumbered(asked), among, exact)
    return found[number - 1 : number] if number else []


def _unnumbered(asked: str) -> str:
    """What is left without the number: `box` of `box-2`."""
    found = _NUMBERED.match(asked)
    return (found["name"] or found["named"]).strip() if found else asked


def _begins(name: str, words: list[str]) -> bool:
    """Whether every word is the beginning of one of the name's words, in order."""
    rest = iter(name.split())
    return all(any(each.startswith(word) for each in rest) for word in words)
