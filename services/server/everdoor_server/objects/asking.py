"""What game code calls to make and find objects, in whatever world runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, TypedDict, TypeVar, Unpack, cast, overload

from everdoor_server.current import current_world
from everdoor_server.objects.base import Object
from everdoor_server.objects.index import Objects, import_typeclass

ObjectT = TypeVar("ObjectT", bound=Object)


class _World(Protocol):
    @property
    def objects(self) -> Objects: ...


class ObjectSettings(TypedDict, total=False):
    """What may be said of an object when it is made; see `create_object`."""

    location: Object | None
    home: Object | None
    destination: Object | None
    aliases: Iterable[str]
    tags: Iterable[str]
    permissions: Iterable[str]
    locks: str
    attributes: Mapping[str, Any] | None


@overload
def create_object(
    typeclass: type[ObjectT], key: str, **settings: Unpack[ObjectSettings]
) -> ObjectT: ...
@overload
def create_object(typeclass: str, key: str, **settings: Unpack[ObjectSettings]) -> Object: ...
def create_object(
    typeclass: type[Object] | str, key: str, **settings: Unpack[ObjectSettings]
) -> Object:
    """Make an object and place it, without hooks of moving.

    Args:
        typeclass: Its class, or the dotted path of it.
        key: Its name.
        **settings: `location`: where it is; `home`: where it goes when that is no more;
            `destination`: where an exit leads. `aliases`, `tags`, `permissions`: names. `locks`:
            besides those of its class. `attributes`: what its `db` has from the beginning.

    Raises:
        UserError: There is no such class, or the lock string is none.
        TypeError: An attribute cannot be kept, or there is no such setting.
        RuntimeError: No world runs here.
    """
    found = import_typeclass(typeclass) if isinstance(typeclass, str) else typeclass
    return _objects("create_object").create(found, key, **settings)


def search_object(
    key: str | None = None,
    *,
    tag: str | None = None,
    category: str = "",
    typeclass: type[ObjectT] = Object,  # type: ignore[assignment]
) -> list[ObjectT]:
    """Objects anywhere in the world, by id.

    Args:
        key: Name or alias, whatever the case; or `#id`.
        tag, category: A tag they have.
        typeclass: Only objects of this class or one below.

    Raises:
        UserError: Neither key nor tag is given.
        RuntimeError: No world runs here.
    """
    found = _objects("search_object").find(key, tag=tag, category=category, typeclass=typeclass)
    return [obj for obj in found if isinstance(obj, typeclass)]


def _objects(asked: str) -> Objects:
    return cast(_World, current_world(asked)).objects
