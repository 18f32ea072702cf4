"""How objects get from place to place: `move_to` of an Object and what it announces.

Contents of both places are read before anything changes (`index` says why).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from everdoor.errors import UserError
from everdoor_server.objects import telling

if TYPE_CHECKING:
    from everdoor_server.objects.base import Object


def place(obj: Object, location: Object | None) -> None:
    """Put an object into a place, or nowhere, without hooks.

    Raises:
        UserError: The place is the object itself, or in it.
    """
    _refuse_loop(obj, location)
    source = obj.location
    inside = location.contents_by_id() if location is not None else None
    if source is not None:
        source.contents_by_id().pop(obj.id, None)
        source.note_contents(obj)
    obj.location_id = location.id if location is not None else None
    if inside is not None:
        inside[obj.id] = obj


def move_to(
    obj: Object,
    destination: Object | None,
    quiet: bool = False,
    move_type: str = "move",
    move_hooks: bool = True,
    to_none: bool = False,
    **kwargs: Any,
) -> bool:
    """Move an object with all hooks.

    Args:
        destination: Where to; None only with `to_none`. Moving to an exit leads to what is behind.
        quiet: Announce nothing.
        move_type: Said to hooks and clients: move, traverse, teleport, get, give, drop.
        move_hooks: False: no hooks at all, nor announcements.
        to_none: None is meant: out of the world.

    Returns:
        False when a hook has refused; nothing has changed then.
    """
    if destination is None and not to_none:
        return False
    if destination is not None and destination.destination is not None:
        destination = destination.destination
    source = obj.location
    kwargs["move_type"] = move_type
    if not move_hooks:
        place(obj, destination)
        return True
    if not _may_move(obj, source, destination, kwargs):
        return False
    if source is not None:
        source.at_object_leave(obj, destination, **kwargs)
    if not quiet:
        obj.announce_move_from(destination, **kwargs)
    place(obj, destination)
    if not quiet:
        obj.announce_move_to(source, **kwargs)
    if destination is not None:
        destination.at_object_receive(obj, source, **kwargs)
    obj.at_post_move(source, **kwargs)
    telling.tell_room(obj)
    return True


def go_home(obj: Object, without: Object | None) -> None:
    """Move an object home, or to the start, or nowhere; never to `without`."""
    candidates = (obj.home, obj.objects.start_location())
    target = next((to for to in candidates if to is not None and to not in (without, obj)), None)
    if target is not None:
        obj.msg(
            f"Your current location has ceased to exist, moving you to {target.key}(#{target.id})."
        )
    place(obj, target)


def announce_move_from(
    obj: Object, destination: Object | None, msg: str | None = None, **kwargs: Any
) -> None:
    """Tell the place that an object leaves; `msg` instead of the usual text."""
    location = obj.location
    if location is None:
        return
    text = msg or "{object} is leaving {origin}, heading for {destination}."
    names = {"object": obj, "origin": location, "destination": destination or "nowhere"}
    options = {"type": kwargs.get("move_type", "move")}
    location.msg_contents((text, options), [obj], obj, names)


def announce_move_to(
    obj: Object, source: Object | None, msg: str | None = None, **kwargs: Any
) -> None:
    """Tell the place that an object has come; `msg` instead of the usual text."""
    location = obj.location
    if location is None:
        return
    if source is None and location.has_account:
        location.msg(f"You now have {obj.get_display_name(location)} in your possession.")
        return
    usual = "{object} arrives to {destination} from {origin}."
    text = msg or (usual if source is not None else "{object} arrives to {destination}.")
    names = {"object": obj, "origin": source or "nowhere", "destination": location}
    options = {"type": kwargs.get("move_type", "move")}
    location.msg_contents((text, options), [obj], obj, names)


def _may_move(
    obj: Object, source: Object | None, destination: Object | None, kwargs: dict[str, Any]
) -> bool:
    _refuse_loop(obj, destination)
    return (
        obj.at_pre_move(destination, **kwargs)
        and (source is None or source.at_pre_object_leave(obj, destination, **kwargs))
        and (destination is None or destination.at_pre_object_receive(obj, source, **kwargs))
    )


def _refuse_loop(obj: Object, location: Object | None) -> None:
    outer = location
    while outer is not None:
        if outer is obj:
            raise UserError(f"{obj.key} cannot be put into itself")
        outer = outer.location
