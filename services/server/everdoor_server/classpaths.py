"""Classes by the dotted paths under which the database and the settings name them."""

from __future__ import annotations

from importlib import import_module
from typing import Any, TypeVar

from everdoor.errors import UserError

T = TypeVar("T")


def path_of(cls: type[Any]) -> str:
    """The path by which a class is kept: its own attribute `path`, else where it stands."""
    return vars(cls).get("path") or f"{cls.__module__}.{cls.__qualname__}"


def import_class(path: str, base: type[T], called: str) -> type[T]:
    """Import a class by its path.

    Args:
        base: It must be this or below it.
        called: What such a class is called in the error.

    Raises:
        UserError: There is no such class, or it is not below `base`.
    """
    module_name, _, name = path.rpartition(".")
    try:
        found = getattr(import_module(module_name), name)
    except (ImportError, AttributeError, ValueError) as exc:
        raise UserError(f"{called} {path!r} cannot be imported: {exc}") from exc
    if not (isinstance(found, type) and issubclass(found, base)):
        raise UserError(f"{called} {path!r} is not a class below {base.__name__}")
    return found
