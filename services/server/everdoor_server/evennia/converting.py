"""What the rows of a world of Evennia's become: rows of ours, one table after the other.

Objects keep their numbers. What an object was is told by what it does (an exit leads somewhere),
by its class, and by who plays it. What has no place here is reported and left out. Values of
attributes are `values`' business, locks `locking`'s; reading is `everdoor.evennia`'s, writing
`importing`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from everdoor.errors import UserError
from everdoor.evennia.importing import Import
from everdoor.evennia.pickles import Plain, Reference, UnreadableValue
from everdoor.evennia.records import EvenniaAccount, EvenniaAttribute, EvenniaObject, EvenniaTag
from everdoor.names import normalise_name
from everdoor.playertext import clean
from everdoor_server.accounts import Account
from everdoor_server.commit import Change
from everdoor_server.evennia.locking import translate_locks
from everdoor_server.evennia.values import StoredValues
from everdoor_server.objects import START_LABEL, Character, Exit, Object, Room, Thing
from everdoor_server.objects.index import import_typeclass

KINDS: Final[dict[str, type[Object]]] = {
    "exits": Exit,
    "characters": Character,
    "rooms": Room,
    "things": Thing,
}
"""What objects become, where nothing else is said of their class."""

ORDINARY: Final = {
    "typeclasses.exits.Exit",
    "typeclasses.characters.Character",
    "typeclasses.rooms.Room",
    "typeclasses.objects.Object",
    "evennia.objects.objects.DefaultExit",
    "evennia.objects.objects.DefaultCharacter",
    "evennia.objects.objects.DefaultRoom",
    "evennia.objects.objects.DefaultObject",
}
"""Classes of Evennia's default game: nothing is lost with them."""

ORDINARY_CMDSETS: Final = "default_cmdsets."

PLAYABLE: Final = "_playable_characters"
LAST_PUPPET: Final = "_last_puppet"

KEPT_ELSEWHERE: Final = {
    PLAYABLE,
    LAST_PUPPET,
    "_saved_protocol_flags",
    "_saved_webclient_options",
    "first_login",
    "_first_login",
}
"""Attributes of accounts that are columns here, or said anew by every client."""

TAG_KINDS: Final = {"": "tag", "alias": "alias", "permission": "permission"}


class Conversion:
    """One world; built by reading all of its objects.

    Args:
        job: What is read, how, and where is reported. Its `uids` are asked for by `changes`.

    Raises:
        UserError: A class that is to stand for another is none, or there is nowhere to start.
    """

    def __init__(self, job: Import) -> None:
        self._job = job
        self._objects = {obj.id: obj for obj in job.source.objects()}
        self._accounts = job.source.accounts()
        self._playable: dict[int, list[int]] = {}
        self._last_puppet: dict[int, int | None] = {}
        self._read_puppets()
        self._places = {obj.location for obj in self._objects.values()}
        self._named = {path: _imported(path) for path in job.typeclasses.values()}
        self._start = self._start_object()
        self._values = StoredValues(job, self._object_id)

    def changes(self) -> Iterator[Change]:
        """Every row, in an order that a database takes; read while they are asked for."""
        self._report_others()
        yield from self._object_rows()
        yield from self._tag_rows()
        yield from self._attribute_rows()
        yield from self._account_rows()
        yield from self._account_attribute_rows()
        yield Change("counter", {"name": "object"}, {"value": max(self._objects, default=0)})

    # What is asked of the whole world before a row is written.

    def _read_puppets(self) -> None:
        for attribute in self._job.source.attributes("account"):
            if attribute.category or attribute.kind:
                continue
            if attribute.name == PLAYABLE:
                ids = (self._object_id(each) for each in _items(attribute))
                self._playable[attribute.owner] = [each for each in ids if each is not None]
            elif attribute.name == LAST_PUPPET:
                self._last_puppet[attribute.owner] = self._object_id(_value(attribute))

    def _start_object(self) -> int:
        found = self._objects.get(self._job.start)
        if found is None or found.destination is not None:
            raise UserError(
                f"there is no room #{self._job.start} where new characters could begin; say which "
                "with --start"
            )
        return found.id

    def _object_id(self, value: Plain) -> int | None:
        """The id of an object that a value is; None when it is none, or gone."""
        if isinstance(value, Reference) and value.model == "objectdb" and value.id in self._objects:
            return value.id
        return None

    def _report_others(self) -> None:
        for what, rows in self._job.source.others().items():
            for name, typeclass in rows:
                self._leave(what, f"{name} ({typeclass})" if typeclass else name)

    # Objects.

    def _object_rows(self) -> Iterator[Change]:
        played = {each for characters in self._playable.values() for each in characters}
        looped = self._looped()
        objects = self._objects.values()
        for obj in self._job.track(objects, len(objects), "Objects"):
            path, default = self._class_of(obj, played)
            key = clean(obj.key).strip() or f"object {obj.id}"
            if key != obj.key:
                self._leave("names that were cleaned", f"{_shown(obj)} is {key!r}")
            self._report_cmdsets(obj.cmdsets, _shown(obj))
            location = None if obj.id in looped else self._there(obj, obj.location, "location")
            values: dict[str, Any] = {
                "key": key,
                "folded": key.casefold(),
                "typeclass": path,
                "location_id": location,
                "home_id": self._there(obj, obj.home, "home"),
                "destination_id": self._there(obj, obj.destination, "destination"),
                "locks": self._locks(obj.locks, default, _shown(obj)),
                "cmdsets": [],
            }
            yield Change("object", {"id": obj.id}, values)

    def _class_of(self, obj: EvenniaObject, played: set[int]) -> tuple[str, str]:
        """The path of the class that an object becomes, and that class's default locks."""
        wanted = self._job.typeclasses.get(obj.typeclass)
        if wanted is not None:
            self._job.report.bring("objects of classes that were named")
            found = self._named[wanted]
            return wanted, found.default_locks if found else ""
        kind = self._kind_of(obj, played)
        if obj.typeclass not in ORDINARY:
            self._leave(f"class {obj.typeclass}: became {kind}", _shown(obj))
        self._job.report.bring(kind)
        return KINDS[kind].path, KINDS[kind].default_locks

    def _kind_of(self, obj: EvenniaObject, played: set[int]) -> str:
        name = obj.typeclass.rpartition(".")[2]
        if obj.destination is not None:
            return "exits"
        if obj.id in played or "Character" in name:
            return "characters"
        if "Room" in name or (obj.location is None and obj.id in self._places):
            return "rooms"
        return "things"

    def _there(self, obj: EvenniaObject, other: int | None, what: str) -> int | None:
        if other is None or other in self._objects:
            return other
        self._leave(f"a {what} that is gone", f"{_shown(obj)} in #{other}")
        return None

    def _looped(self) -> set[int]:
        """Objects that are within themselves; each is taken out."""
        judged: set[int] = set()
        looped: set[int] = set()
        for start in self._objects:
            path: dict[int, None] = {}
            at: int | None = start
            while at in self._objects and at not in judged and at not in path:
                path[at] = None
                at = self._objects[at].location
            if at in path:
                looped.add(at)
                self._leave("objects within themselves", _shown(self._objects[at]))
            judged |= path.keys()
        return looped

    def _locks(self, theirs: str, default: str, owner: str) -> str:
        def closed(lock: str) -> None:
            self._leave("locks that were closed, as they cannot be understood", f"{owner} {lock}")

        return translate_locks(theirs, default, self._job.uids, closed)

    # Tags and attributes.

    def _tag_rows(self) -> Iterator[Change]:
        start = EvenniaTag(self._start, START_LABEL.name, START_LABEL.category, "", False)
        yield from self._tag(start)
        for tag in self._job.source.tags("object"):
            yield from self._tag(tag)

    def _tag(self, tag: EvenniaTag) -> Iterator[Change]:
        kind, name = TAG_KINDS.get(tag.kind), clean(tag.name).strip()
        where = f"#{tag.owner} {tag.name}"
        if tag.has_data:
            self._leave("data of tags", where)
        if kind is None or not name:
            self._leave("tags of other kinds", f"{where} ({tag.kind})")
        elif tag.owner in self._objects:
            self._job.report.bring("tags, aliases and permissions")
            key = {"object_id": tag.owner, "kind": kind, "category": tag.category, "name": name}
            yield Change("tag", key, {"folded": name.casefold()})

    def _attribute_rows(self) -> Iterator[Change]:
        source = self._job.source
        count = source.count_attributes("object")
        for attribute in self._job.track(source.attributes("object"), count, "Attributes"):
            stored = self._values.stored(attribute, "#")
            if stored is not None and attribute.owner in self._objects:
                key = {"object_id": attribute.owner, "name": attribute.name}
                yield Change("attribute", key, {"value": stored})

    # Accounts.

    def _account_rows(self) -> Iterator[Change]:
        permissions = self._permissions()
        for account in self._accounts:
            uid = self._job.uids.get(account.id)
            if uid is not None:
                self._report_cmdsets(account.cmdsets, account.name)
                values = self._account_values(account, permissions.get(account.id, []))
                yield Change("account", {"id": uid}, values)

    def _account_values(self, account: EvenniaAccount, permissions: list[str]) -> dict[str, Any]:
        name = normalise_name(account.name)
        return {
            "key": name,
            "folded": name.casefold(),
            "is_superuser": account.is_superuser,
            "permissions": permissions,
            "characters": self._playable.get(account.id, []),
            "last_puppet_id": self._last_puppet.get(account.id),
            "locks": self._locks(account.locks, Account.default_locks, account.name),
            "cmdsets": [],
        }

    def _permissions(self) -> Mapping[int, list[str]]:
        """Permissions by Evennia's ids of accounts, which have no other tags here."""
        found: dict[int, list[str]] = {}
        for tag in self._job.source.tags("account"):
            if tag.kind == "permission":
                found.setdefault(tag.owner, []).append(tag.name)
            else:
                self._leave("tags of accounts", f"account {tag.owner} {tag.name}")
        return found

    def _account_attribute_rows(self) -> Iterator[Change]:
        for attribute in self._job.source.attributes("account"):
            uid = self._job.uids.get(attribute.owner)
            if uid is None or attribute.name in KEPT_ELSEWHERE:
                continue
            stored = self._values.stored(attribute, "account ")
            if stored is not None:
                key = {"account_id": uid, "name": attribute.name}
                yield Change("account_attribute", key, {"value": stored})

    # Private.

    @property
    def _leave(self) -> Callable[[str, str], None]:
        return self._job.report.leave

    def _report_cmdsets(self, cmdsets: str, owner: str) -> None:
        for path in filter(None, cmdsets.split(",")):
            if ORDINARY_CMDSETS not in path:
                self._leave("command sets", f"{owner} {path}")


def _imported(path: str) -> type[Object] | None:
    """A class that was named; None: it is a game's, which is not loaded here."""
    return None if path.startswith("game.") else import_typeclass(path)


def _value(attribute: EvenniaAttribute) -> Plain:
    try:
        return attribute.value()
    except UnreadableValue:
        return None


def _items(attribute: EvenniaAttribute) -> list[Plain]:
    value = _value(attribute)
    return value if isinstance(value, list) else []


def _shown(obj: EvenniaObject) -> str:
    return f"{clean(obj.key)}(#{obj.id})"
