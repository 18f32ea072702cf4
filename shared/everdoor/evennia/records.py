"""What a world of Evennia's is made of, as plain records; `database` reads them.

Only shapes. Ids are Evennia's; what each of them becomes is decided where it is written.
"""

from __future__ import annotations

from typing import NamedTuple

from everdoor.evennia.pickles import Plain, read_field


class EvenniaAccount(NamedTuple):
    """An account. `password` is Django's hash; `is_active` False: it is kept out."""

    id: int
    name: str
    password: str
    is_superuser: bool
    is_active: bool
    is_bot: bool
    email: str
    typeclass: str
    locks: str
    cmdsets: str


class EvenniaObject(NamedTuple):
    """An object; `location`, `home`, `destination` are ids of objects."""

    id: int
    key: str
    typeclass: str
    location: int | None
    home: int | None
    destination: int | None
    locks: str
    cmdsets: str


class EvenniaAttribute(NamedTuple):
    """An attribute of an account or object, not yet unpickled.

    `kind` is empty, or says what Evennia keeps as an attribute but is none, such as `nick`.
    """

    owner: int
    name: str
    category: str
    kind: str
    locks: str
    pickled: str | None
    text: str | None

    def value(self) -> Plain:
        """What it holds.

        Raises:
            UnreadableValue: It is no plain value.
        """
        return self.text if self.pickled is None else read_field(self.pickled)


class EvenniaTag(NamedTuple):
    """A tag of an account or object; `kind` is empty, `alias` or `permission`."""

    owner: int
    name: str
    category: str
    kind: str
    has_data: bool
