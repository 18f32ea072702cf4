"""Object: anything that is somewhere in the world, and what all such things can do.

Rooms, exits, characters and things differ from it by hooks (`kinds`). How others find it by what
they type is in `search`, what they see of it in `appearance`, what they hear in `hearing`, how it
gets elsewhere in `moving`. Objects are made, read and deleted by `index.Objects` only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from everdoor_server.attributes import Attributes, Saved, Unsaved
from everdoor_server.changes import Values
from everdoor_server.labels import Labels
from everdoor_server.locks import check_locks, join_locks
from everdoor_server.objects import appearance, hearing, moving, search, telling
from everdoor_server.rows import Label, ObjectRow
from everdoor_server.scripts.handler import ScriptHandler
from everdoor_server.session import ServerSession, SessionAccount
from everdoor_server.sessionlist import SessionList
from everdoor_server.stored import Locked

if TYPE_CHECKING:
    from everdoor_server.objects.index import Objects


class PuppetAccount(SessionAccount, Protocol):
    """What an object needs of the account that controls it."""

    is_superuser: bool

    def unpuppet_object(self, session: Sequence[ServerSession]) -> None: ...


MADE_LATER = ("aliases", "tags", "permissions", "attributes", "db", "ndb")
"""Parts that most objects never use: made when they are asked for."""

_WITH_NAMES: set[type] = set()
"""Classes of which there was an instance."""


class Object(Locked):
    """Anything in the world.

    Attributes:
        id: Its number in the world, `#id` in texts; never given twice.
        key: Its name.
        location_id, home_id, destination_id: Ids of other objects; `location`, `home` and
            `destination` are those objects. Only exits have a destination.
        lock_storage: Its locks as one string; `locks` to change them.
        cmdset_paths: Paths of the command sets that come back after a restart; assign anew.
        sessions: The sessions that control it.
        account: Whose sessions these are, None when nobody controls it.
        aliases, tags, permissions: Names (`labels.Labels`).
        attributes, db: Saved values; ndb: unsaved ones.
        exits_version, contents_version: Rise when an exit here, or anything here, comes, goes or
            changes what it is called; for caches.
        default_locks: Locks of every object of the class, below those of its own.
        default_description: What is seen where `db.desc` is not set.
    """

    path: ClassVar[str] = "everdoor_server.objects.Object"
    stored_columns: ClassVar[frozenset[str]] = frozenset(
        {"key", "location_id", "home_id", "destination_id", "lock_storage", "cmdset_paths"}
    )
    default_locks: ClassVar[str] = (
        "view:all();get:all();drop:holds();call:true();puppet:pperm(Developer);"
        "examine:perm(Builder);edit:perm(Admin);delete:perm(Admin);control:perm(Developer)"
    )
    default_description: ClassVar[str] = "You see nothing special."
    hears_plainly: ClassVar[bool] = True
    """Whether what is said may go to its sessions without asking it; set for each class."""
    sends_plainly: ClassVar[bool] = True
    """Whether it need not be told what it says; set for each class."""
    is_named_plainly: ClassVar[bool] = True
    """Whether everybody knows it by the same name; set for each class."""

    is_character: ClassVar[bool] = False
    """Whether it is listed among characters."""

    objects: Objects
    id: int
    typeclass_path: str
    location_id: int | None
    home_id: int | None
    destination_id: int | None
    cmdset_paths: tuple[str, ...]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.hears_plainly = cls.msg is Object.msg and cls.at_msg_receive is Object.at_msg_receive
        cls.sends_plainly = cls.at_msg_send is Object.at_msg_send
        cls.is_named_plainly = cls.get_display_name is Object.get_display_name

    def __init__(self, objects: Objects, row: ObjectRow) -> None:
        state = self.__dict__
        if type(self) not in _WITH_NAMES:
            # Python shares the names of attributes among instances if the first one has had them.
            for name in MADE_LATER:
                state[name] = None
                del state[name]
            _WITH_NAMES.add(type(self))
        state["objects"], state["id"] = objects, row.id
        state["key"], state["typeclass_path"] = row.key, row.typeclass
        state["location_id"], state["home_id"] = row.location, row.home
        state["destination_id"] = row.destination
        state["lock_storage"] = _locks(self.default_locks, row.locks)
        state["cmdset_paths"] = row.cmdsets
        self.exits_version = self.contents_version = 0
        self.account: PuppetAccount | None = None
        self.sessions = SessionList()
        self._stored_labels = row.labels
        self._contents: dict[int, Object] | None = None
        self._cmdset: Any = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.key}(#{self.id})>"

    # MADE_LATER.

    @cached_property
    def aliases(self) -> Labels:
        return self._labels("alias")

    @cached_property
    def tags(self) -> Labels:
        return self._labels("tag")

    @cached_property
    def permissions(self) -> Labels:
        return self._labels("permission")

    @cached_property
    def attributes(self) -> Attributes:
        load, changes = self.objects.rows.attributes, self.objects.changes
        return Attributes("attribute", self.id, load, changes, self.objects)

    @cached_property
    def db(self) -> Saved:
        return Saved(self.attributes)

    @cached_property
    def ndb(self) -> Unsaved:
        return Unsaved()

    # What it is.

    name = property(lambda self: self.key)

    @property
    def dbref(self) -> str:
        return f"#{self.id}"

    @property
    def is_deleted(self) -> bool:
        return self.objects.is_deleted(self.id)

    @property
    def is_superuser(self) -> bool:
        """Whether a superuser controls it."""
        return self.account is not None and self.account.is_superuser

    @property
    def is_link_dead(self) -> bool:
        """Whether somebody controls it who has lost the connection, and nobody else does."""
        sessions = self.sessions.all()
        return bool(sessions) and all(session.is_link_dead for session in sessions)

    @property
    def has_account(self) -> int:
        """How many sessions control it."""
        return len(self.sessions)

    @property
    def scripts(self) -> ScriptHandler:
        """The scripts that are on it.

        Raises:
            RuntimeError: The world has none: it is no game.
        """
        if self.objects.scripts is None:
            raise RuntimeError("this world has no scripts: it is no game")
        return ScriptHandler(self.objects.scripts, self)

    @property
    def cmdset(self) -> Any:
        """Its command sets; None in a world without commands."""
        if self._cmdset is None and self.objects.make_cmdset is not None:
            self._cmdset = self.objects.make_cmdset(self)
        return self._cmdset

    @property
    def has_cmdsets(self) -> bool:
        """Whether it may carry command sets; none are made by asking."""
        return self._cmdset is not None or bool(self.cmdset_paths)

    def touch(self) -> None:
        """Note that its row has changed."""
        self.objects.changes.mark("object", (self.id,), self._row)
        if self.location_id is not None:
            location = self.objects.loaded(self.location_id)
            if location is not None:
                location.note_contents(self)

    def note_contents(self, obj: Object) -> None:
        """Note that something here has come, gone, or changed what it is called."""
        self.contents_version += 1
        if obj.destination_id is not None:
            self.exits_version += 1

    def answers_to(self, name: str | None, label: Label | None) -> bool:
        """Whether a name (any case) is its key or an alias, and it has a label; None: any."""
        named = name is None or name.casefold() in self.folded_names()
        return named and (label is None or label in self._all_labels())

    def folded_names(self) -> list[str]:
        """Key and aliases in lower case."""
        return [self.key.casefold(), *(alias.casefold() for alias in self.aliases.all())]

    def is_typeclass(self, typeclass: type[Object]) -> bool:
        return isinstance(self, typeclass)

    # Where it is, and what is in it.

    @property
    def location(self) -> Object | None:
        return self.objects.get(self.location_id)

    @location.setter
    def location(self, location: Object | None) -> None:
        """Put it elsewhere without any hook; `move_to` is how things move."""
        moving.place(self, location)

    @property
    def home(self) -> Object | None:
        return self.objects.get(self.home_id)

    @home.setter
    def home(self, home: Object | None) -> None:
        self.home_id = home.id if home else None

    @property
    def destination(self) -> Object | None:
        return self.objects.get(self.destination_id)

    @destination.setter
    def destination(self, destination: Object | None) -> None:
        self.destination_id = destination.id if destination else None
        if (location := self.location) is not None:
            # Also when it leads nowhere now, and is an exit no more.
            location.exits_version += 1

    def contents_by_id(self) -> dict[int, Object]:
        """What is directly in it, as it is kept; do not change it."""
        if self._contents is None:
            self._contents = self.objects.contents(self.id)
        return self._contents

    @property
    def contents(self) -> list[Object]:
        """What is directly in it, oldest arrival first."""
        return list(self.contents_by_id().values())

    @property
    def exits(self) -> list[Object]:
        return [obj for obj in self.contents_by_id().values() if obj.destination_id is not None]

    def contents_get(self, exclude: Object | Iterable[Object] | None = None) -> list[Object]:
        """What is directly in it, but for some."""
        excluded = hearing.ids_of(exclude)
        return [obj for obj in self.contents_by_id().values() if obj.id not in excluded]

    # Speaking and hearing.

    def msg(
        self,
        text: Any = None,
        from_obj: Object | Sequence[Object] | None = None,
        session: ServerSession | Sequence[ServerSession] | None = None,
        options: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Show something to whoever controls it.

        Args:
            text: A string, or (string, options).
            from_obj: Who says it; its `at_msg_send` is told.
            session: Only this session or these; None: all that control it.
            options: For all outputs of this call.
            **kwargs: Out-of-band commands by name; `prompt` is sent last.
        """
        hearing.msg(self, text, from_obj, session, options, kwargs)

    def msg_contents(
        self,
        text: Any = None,
        exclude: Object | Iterable[Object] | None = None,
        from_obj: Object | None = None,
        mapping: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Show something to all that is in it.

        Args:
            text: A string, or (string, options); `{name}` stands for a value of `mapping`.
            exclude: Who does not hear it.
            from_obj: Who says it.
            mapping: What names in the text stand for; an object is shown by the name that each
                hearer knows it by.
            **kwargs: As for `msg`.
        """
        hearing.msg_contents(self, text, exclude, from_obj, mapping or {}, kwargs)

    def release(self) -> None:
        """Have whoever controls it let go, because it goes away."""
        if self.account is not None:
            self.msg(f"{self.key} is no more; you are out of character.")
            self.account.unpuppet_object(self.sessions.all())

    # What clients are told of it besides text (`telling`).

    def get_vitals(self) -> dict[str, Any]:
        """What changes often, such as `{"hp": 5, "maxhp": 9}`; nothing: a game has no such."""
        return {}

    def get_status(self) -> dict[str, Any]:
        """What changes seldom; `get_status_vars` names the same fields."""
        return {"name": self.key, "account": self.account.key if self.account is not None else ""}

    def get_status_vars(self) -> dict[str, str]:
        """What the fields of `get_status` are called to players."""
        return {"name": "Name", "account": "Account"}

    def tell_vitals(self) -> None:
        """Tell its clients its vitals; a game calls it when they have changed."""
        telling.tell_vitals(self)

    def tell_status(self) -> None:
        """Tell its clients its status; a game calls it when that has changed."""
        telling.tell_status(self)

    def execute_cmd(self, raw_string: str, session: ServerSession | None = None) -> None:
        """Have it do what a line says, as soon as what runs now is done.

        Args:
            raw_string: The line, as somebody would type it.
            session: Who does it; None: a session that controls it, and when nobody does, it acts by
                itself: `session` and `account` of the command are None.
        """
        found = session or next(iter(self.sessions.all()), None)
        if found is not None:
            found.data_in(raw_string)
        elif self.objects.act is not None:
            self.objects.act(self, raw_string)

    def search(self, searchdata: str, **kwargs: Any) -> Any:
        """Find one object by what somebody typed; see `search.search` for the options."""
        return search.search(self, searchdata, **kwargs)

    # Moving.

    def move_to(self, destination: Object | None, **kwargs: Any) -> bool:
        """Move with all hooks; see `moving.move_to` for the options."""
        return moving.move_to(self, destination, **kwargs)

    def go_home(self, without: Object | None = None) -> None:
        """Go home, or to the start, because the place is gone; quietly, with a word to it."""
        moving.go_home(self, without)

    # What others see of it, and may do with it.

    def get_display_name(self, looker: Any = None, **kwargs: Any) -> str:
        """The name that a looker knows it by."""
        return self.key

    def get_extra_display_name_info(self, looker: Any = None, **kwargs: Any) -> str:
        """What is added to its name for those who build: `(#12)`."""
        if looker is not None and check_locks("show:perm(Builder)", looker, "show"):
            return f"(#{self.id})"
        return ""

    def get_numbered_name(self, count: int, looker: Any = None, **kwargs: Any) -> tuple[str, str]:
        """Its name for one and for `count`: ("a brass key", "two brass keys")."""
        return appearance.numbered_name(self, count, looker)

    def get_display_desc(self, looker: Any = None, **kwargs: Any) -> str:
        return self.db.desc or self.default_description

    def return_appearance(self, looker: Any, **kwargs: Any) -> str:
        """What a looker sees: name, description, exits, characters, things."""
        return appearance.appearance(self, looker, **kwargs)

    def get_display_exits(self, looker: Any, **kwargs: Any) -> str:
        return appearance.exits_line(self, looker)

    def get_display_characters(self, looker: Any, **kwargs: Any) -> str:
        return appearance.characters_line(self, looker)

    def get_display_things(self, looker: Any, **kwargs: Any) -> str:
        return appearance.things_line(self, looker)

    def at_look(self, target: Object, **kwargs: Any) -> str:
        """Look at something: what it sees; the target's `at_desc` is told."""
        if not target.access(self, "view", default=True):
            return f"You can't look at '{target.get_display_name(self)}'."
        seen = target.return_appearance(self, **kwargs)
        target.at_desc(looker=self)
        return seen

    def at_say(self, message: str, **kwargs: Any) -> None:
        """Say something to the place; see `hearing.say` for the options."""
        hearing.say(self, message, **kwargs)

    def delete(self) -> bool:
        """Delete it; what is in it goes home. False when `at_object_delete` refuses."""
        return self.objects.delete(self)

    # Hooks; those that return bool can refuse.

    def at_object_creation(self) -> None:
        """It has just been made, once in its life."""

    def at_init(self) -> None:
        """It has been read from the database."""

    def at_object_delete(self) -> bool:
        return True

    def at_desc(self, looker: Object | None = None, **kwargs: Any) -> None:
        """Somebody has looked at it."""

    def at_msg_receive(self, text: Any = None, from_obj: Any = None, **kwargs: Any) -> bool:
        """Something is about to be shown to it."""
        return True

    def at_msg_send(self, text: Any = None, to_obj: Any = None, **kwargs: Any) -> None:
        """It is about to say something to another."""

    def at_cmdset_get(self, **kwargs: Any) -> None:
        """Its command sets are about to be merged."""

    def at_pre_move(self, destination: Object | None, **kwargs: Any) -> bool:
        return True

    def at_pre_object_leave(self, leaving: Object, destination: Object | None, **kw: Any) -> bool:
        return True

    def at_pre_object_receive(self, arriving: Object, source: Object | None, **kw: Any) -> bool:
        return True

    def at_object_leave(self, moved_obj: Object, target: Object | None, **kwargs: Any) -> None:
        """Something is about to leave it."""

    def at_object_receive(self, moved_obj: Object, source: Object | None, **kwargs: Any) -> None:
        """Something has come into it."""

    def announce_move_from(self, destination: Object | None, **kwargs: Any) -> None:
        """Tell the place that it leaves."""
        moving.announce_move_from(self, destination, **kwargs)

    def announce_move_to(self, source: Object | None, **kwargs: Any) -> None:
        """Tell the place that it has come."""
        moving.announce_move_to(self, source, **kwargs)

    def at_post_move(self, source: Object | None, **kwargs: Any) -> None:
        """It has moved."""

    def at_pre_get(self, getter: Object, **kwargs: Any) -> bool:
        return True

    def at_get(self, getter: Object, **kwargs: Any) -> None:
        """Somebody has picked it up."""

    def at_pre_give(self, giver: Object, getter: Object, **kwargs: Any) -> bool:
        return True

    def at_give(self, giver: Object, getter: Object, **kwargs: Any) -> None:
        """Somebody has given it to another."""

    def at_pre_drop(self, dropper: Object, **kwargs: Any) -> bool:
        return True

    def at_drop(self, dropper: Object, **kwargs: Any) -> None:
        """Somebody has dropped it."""

    def at_pre_say(self, message: str, **kwargs: Any) -> str:
        """What it says instead; nothing: it stays silent."""
        return message

    def at_traverse(self, traversing_object: Object, target: Object, **kwargs: Any) -> None:
        """Somebody goes through it, when it is an exit."""

    def at_pre_puppet(self, account: Any, session: ServerSession, **kwargs: Any) -> None:
        """An account is about to take control."""

    def at_post_puppet(self, session: Any = None, **kwargs: Any) -> None:
        """An account has taken control; `session`: those that joined others that had it."""

    def at_pre_unpuppet(self, **kwargs: Any) -> None:
        """A session is about to let go."""

    def at_post_unpuppet(self, account: Any = None, session: Any = None, **kwargs: Any) -> None:
        """A session has let go."""

    # Private.

    def _row(self) -> Values:
        if self.is_deleted:
            return None
        return {
            "key": self.key,
            "folded": self.key.casefold(),
            "typeclass": self.typeclass_path,
            "location_id": self.location_id,
            "home_id": self.home_id,
            "destination_id": self.destination_id,
            "locks": "" if self.lock_storage == _locks(self.default_locks) else self.lock_storage,
            "cmdsets": list(self.cmdset_paths),
        }

    def _labels(self, kind: str) -> Labels:
        stored = self._stored_labels
        names = [(label.category, label.name) for label in stored if label.kind == kind]
        return Labels(names, kind, self)

    def note_label(self, kind: str, category: str, name: str, present: bool) -> None:
        row = partial(self._label_row, Label(kind, category, name))
        self.objects.changes.mark("tag", (self.id, kind, category, name), row)
        self.touch()

    def _label_row(self, label: Label) -> Values:
        there = not self.is_deleted and label in self._all_labels()
        return {"folded": label.name.casefold()} if there else None

    def _all_labels(self) -> list[Label]:
        kinds = (("alias", self.aliases), ("tag", self.tags), ("permission", self.permissions))
        return [Label(kind, *pair) for kind, labels in kinds for pair in labels.pairs()]


@lru_cache(maxsize=1024)
def _locks(default: str, own: str = "") -> str:
    """Locks of a class with those of an object; most objects have none and share one string."""
    return join_locks(default, own)
