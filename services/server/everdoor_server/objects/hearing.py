"""What objects say and hear: `msg`, `msg_contents` and `at_say` of an Object.

What many hear goes out as one output with all receivers, as long as no class among them wants to
be asked (`Object.hears_plainly`); a place may hold hundreds.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from everdoor_server.session import ServerSession
from everdoor_server.sessionlist import SessionList, deliver, one_or_many

if TYPE_CHECKING:
    from everdoor_server.objects.base import Object


class Hearer(Protocol):
    """What has sessions to be told things: an object, an account."""

    hears_plainly: ClassVar[bool]
    sends_plainly: ClassVar[bool]
    sessions: SessionList

    def at_msg_receive(self, text: Any = None, from_obj: Any = None, **kwargs: Any) -> bool: ...
    def at_msg_send(self, text: Any = None, to_obj: Any = None, **kwargs: Any) -> None: ...


def msg(
    obj: Hearer,
    text: Any,
    from_obj: Hearer | Sequence[Hearer] | None,
    session: ServerSession | Sequence[ServerSession] | None,
    options: dict[str, Any] | None,
    messages: dict[str, Any],
) -> None:
    """Show something to the sessions of an object or account, hooks first (`Object.msg`)."""
    for sender in _senders(from_obj):
        if not sender.sends_plainly:
            sender.at_msg_send(text=text, to_obj=obj, **messages)
    if not obj.hears_plainly and (
        obj.at_msg_receive(text=text, from_obj=from_obj, **messages) is False
    ):
        return
    receivers = one_or_many(session)
    deliver(
        obj.sessions.all() if receivers is None else receivers,
        {"text": text, "options": options, **messages},
    )


def msg_contents(
    place: Object,
    text: Any,
    exclude: Object | Iterable[Object] | None,
    from_obj: Object | None,
    mapping: Mapping[str, Any],
    messages: dict[str, Any],
) -> None:
    """Show something to all in a place (`Object.msg_contents`)."""
    excluded = ids_of(exclude)
    shared = (from_obj is None or from_obj.sends_plainly) and all(
        getattr(value, "is_named_plainly", True) for value in mapping.values()
    )
    receivers: list[ServerSession] = []
    for hearer in place.contents_by_id().copy().values():
        if hearer.id in excluded:
            continue
        if shared and hearer.hears_plainly:
            hearer.sessions.add_to(receivers)
        else:
            hearer.msg(fill(text, mapping, hearer), from_obj=from_obj, **messages)
    deliver(receivers, {"text": fill(text, mapping, None), **messages})


def say(
    speaker: Object,
    message: str,
    msg_self: str | bool | None = None,
    msg_location: str | None = None,
    receivers: Object | Sequence[Object] | None = None,
    msg_receivers: str | None = None,
    **kwargs: Any,
) -> None:
    """Say something to the place, or whisper it to some (`Object.at_say`).

    Args:
        msg_self: What the speaker sees; True: the usual text. None: that, unless it is whispered.
        msg_location: What the place hears; `{object}` is the speaker, `{speech}` the words.
        receivers: Who alone hears it, told `msg_receivers`.
        **kwargs: `whisper=True` for another usual text.
    """
    whisper = bool(kwargs.pop("whisper", False))
    to = [] if receivers is None else receivers if isinstance(receivers, Sequence) else [receivers]
    names = ", ".join(receiver.get_display_name(speaker) for receiver in to)
    options = {"type": "whisper" if whisper else "say"}
    words = {"self": "You", "object": speaker, "speech": message, "all_receivers": names}
    mine = 'You whisper to {all_receivers}, "{speech}"' if whisper else '{self} say, "{speech}"'
    own = mine if msg_self is None or msg_self is True else msg_self
    if own:
        speaker.msg((fill(own, words, speaker), options), from_obj=speaker)
    theirs = msg_receivers or '{object} whispers: "{speech}"'
    for receiver in to:
        receiver.msg((fill(theirs, words, receiver), options), from_obj=speaker)
    location = speaker.location
    if location is not None and not to:
        text = msg_location or '{object} says, "{speech}"'
        location.msg_contents((text, options), [speaker], speaker, words)


def fill(text: Any, mapping: Mapping[str, Any], hearer: Object | None) -> Any:
    """Put names into a text, or into the text of a (text, options), for one hearer.

    Only `{name}` of a name in the mapping is replaced, so that braces that a player typed stay.
    """
    if isinstance(text, tuple):
        return (fill(text[0], mapping, hearer), *text[1:])
    if not mapping or not isinstance(text, str):
        return text
    parts = text.split("{")
    filled = [parts[0]]
    for part in parts[1:]:
        name, brace, rest = part.partition("}")
        known = brace and name in mapping
        filled.append(f"{_named(mapping[name], hearer)}{rest}" if known else f"{{{part}")
    return "".join(filled)


def ids_of(objects: Object | Iterable[Object] | None) -> Container[int]:
    """Ids of one object, several or none."""
    if objects is None:
        return ()
    if isinstance(objects, Iterable):
        return {obj.id for obj in objects}
    return (objects.id,)


def _named(value: Any, hearer: Object | None) -> str:
    shown = getattr(value, "get_display_name", None)
    return shown(hearer) if shown is not None else str(value)


def _senders(from_obj: Hearer | Sequence[Hearer] | None) -> Sequence[Hearer]:
    if from_obj is None:
        return ()
    return from_obj if isinstance(from_obj, Sequence) else (from_obj,)
