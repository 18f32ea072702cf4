"""docs/protocol.md and the code say the same: examples are run, names and codes compared."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, get_args

import msgspec
import pytest

from everdoor import codec
from everdoor.calls import CALLS_VERSION, decode_request
from everdoor.events import EVENTS_VERSION, decode_event
from everdoor.messages import accounts, callmessage, calls, events, stream, supervision
from everdoor.messages.callmessage import CallMessage

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "protocol.md").read_text()
FENCE = re.compile(r"^```([a-z-]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

Parse = Callable[[bytes], Any]


class Example(NamedTuple):
    """One fenced block: its tag, the message in JSON, its bytes, and for events their topic."""

    tag: str
    value: Any
    data: bytes
    topic: str

    @property
    def name(self) -> str:
        return f"{self.tag} {json.dumps(self.value)[:60]}"


def examples() -> list[Example]:
    return [read(tag, text) for tag, text in FENCE.findall(DOCUMENT)]


def read(tag: str, text: str) -> Example:
    if tag.startswith("line-"):
        return Example(tag, json.loads(text), text.strip().encode(), "")
    said, encoded = text.split("\n\n")
    topic, said = said.split("\n", 1) if tag == "event" else ("", said)
    said = said.replace("\n", " ")
    return Example(tag, json.loads(said), bytes.fromhex(encoded), topic)


def plain(value: Any) -> Any:
    """A decoded message as the document's JSON writes it: bytes as {"bin": hex}."""
    match value:
        case bytes():
            return {"bin": value.hex()}
        case list():
            return [plain(item) for item in value]
        case dict():
            return {name: plain(item) for name, item in value.items()}
        case _:
            return value


PARSE: dict[str, Parse] = {
    "frame-up": codec.decode_up,
    "frame-down": codec.decode_down,
    "request": decode_request,
    "reply": msgspec.msgpack.Decoder(calls.Reply).decode,
    "event": lambda data: decode_event([b"announce", data]).event,
    "line-to-worker": msgspec.json.Decoder(supervision.ToWorker).decode,
    "line-from-worker": msgspec.json.Decoder(supervision.FromWorker).decode,
}

ENCODE: dict[str, Callable[[Any], bytes]] = {
    "frame-up": codec.encode_up_frame,
    "frame-down": lambda frame: codec.encode_down(
        frame.version, frame.epoch, frame.k, codec.encode_said(frame.version, frame.message)
    ),
    "line-to-worker": msgspec.json.encode,
    "line-from-worker": msgspec.json.encode,
}

EXAMPLES = examples()


def messages_in(value: Any) -> Iterator[object]:
    """A parsed struct and those within it."""
    if isinstance(value, msgspec.Struct):
        yield value
        for field in msgspec.structs.fields(value):
            yield from messages_in(getattr(value, field.name))
    elif isinstance(value, list):
        for item in value:
            yield from messages_in(item)


def structs(module: Any) -> list[type[msgspec.Struct]]:
    """Messages of a module: those that are no base of others."""
    found = [
        item
        for item in vars(module).values()
        if isinstance(item, type)
        and issubclass(item, msgspec.Struct)
        and item.__module__ == module.__name__
    ]
    return list(
        dict.fromkeys(item for item in found if not any(item in other.__bases__ for other in found))
    )


MODULES = (stream, callmessage, accounts, calls, events)
STRUCTS = [item for module in MODULES for item in structs(module) if item is not CallMessage]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_example_is_what_its_bytes_say(example: Example) -> None:
    decode = json.loads if example.tag.startswith("line-") else msgspec.msgpack.decode
    assert plain(decode(example.data)) == example.value


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_example_is_parsed_and_encoded_to_the_same_bytes(example: Example) -> None:
    parsed = PARSE[example.tag](example.data)
    assert ENCODE.get(example.tag, codec.encode)(parsed) == example.data


@pytest.mark.parametrize("message", STRUCTS, ids=lambda message: message.__name__)
def test_every_message_has_an_example(message: type[msgspec.Struct]) -> None:
    parsed = [item for e in EXAMPLES for item in messages_in(PARSE[e.tag](e.data))]
    assert message in {type(item) for item in parsed}


@pytest.mark.parametrize("message", STRUCTS, ids=lambda message: message.__name__)
def test_every_message_is_drawn_with_its_fields_in_order(message: type[msgspec.Struct]) -> None:
    tag = message.__struct_config__.tag
    names = [field.name for field in msgspec.structs.fields(message)]
    drawn = f"[{', '.join([tag, *names] if tag else names)}]"
    if message in (stream.UpFrame, stream.DownFrame):
        assert all(name in DOCUMENT for name in ("version", "epoch", "k"))
        return
    assert f"**`{drawn}`**" in re.sub(r"\s+", " ", DOCUMENT), drawn


@pytest.mark.parametrize("union", [supervision.ToWorker, supervision.FromWorker], ids=str)
def test_every_line_of_a_supervisors_link_is_in_its_table(union: object) -> None:
    for message in get_args(union):
        names = [f"`{field.name}`" for field in msgspec.structs.fields(message)]
        row = f"| `{message.__struct_config__.tag}` | {', '.join(names)}".rstrip() + " |"
        assert row in DOCUMENT, row


def test_every_message_of_a_union_is_named_in_the_grammar() -> None:
    for union, rule in ((stream.PortalToServer, "up-message"), (stream.ServerToPortal, "down-mes")):
        [line] = re.findall(rf"^    {rule}\S* += (.*)$", DOCUMENT, re.MULTILINE)
        tags = {item.__struct_config__.tag for item in get_args(union)}
        assert set(line.split(" / ")) == tags


# Codes.


def codes_used() -> dict[str, set[str]]:
    """Codes that the code gives to Refused (stream) and to Failed or CallRefused (calls)."""
    used: dict[str, set[str]] = {"stream": set(), "calls": set()}
    for folder in ("shared", "services"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                match node:
                    case ast.Call(
                        func=ast.Name("Refused" | "Failed" | "CallRefused" as name),
                        args=[ast.Constant(str(code)), *_],
                    ):
                        used["stream" if name == "Refused" else "calls"].add(code)
    return used


def codes_listed(section: str) -> set[str]:
    text = DOCUMENT.split(f"\n### {section} ")[1].split("\n## ")[0].split("\n### ")[0]
    return set(re.findall(r"^\| `([a-z_]+)` \|", text, re.MULTILINE))


@pytest.mark.parametrize(("section", "used"), [("7.1", "stream"), ("7.2", "calls")])
def test_codes_of_the_document_are_those_of_the_code(section: str, used: str) -> None:
    assert codes_listed(section) == codes_used()[used]


# The rest of the page.


def test_limits_of_the_document_are_those_of_the_code() -> None:
    for number in (
        codec.MAX_FRAME_BYTES,
        codec.MAX_MESSAGE_BYTES,
        stream.MAX_TEXT_BYTES,
    ):
        assert f"{number:,}" in DOCUMENT
    assert f"Wire version {codec.WIRE_VERSION}." in DOCUMENT


@pytest.mark.parametrize(
    ("tag", "versions"),
    [
        ("frame-up", codec.SPOKEN_VERSIONS),
        ("frame-down", codec.SPOKEN_VERSIONS),
        ("request", (CALLS_VERSION,)),
        ("reply", (CALLS_VERSION,)),
        ("event", (EVENTS_VERSION,)),
    ],
)
def test_examples_are_of_every_version_spoken(tag: str, versions: tuple[int, ...]) -> None:
    assert {e.value[0] for e in EXAMPLES if e.tag == tag} == set(versions)


def test_sections_are_numbered_as_the_code_cites_them() -> None:
    sections = re.findall(r"^## (\d+)\. ", DOCUMENT, re.MULTILINE)
    assert sections == [str(number) for number in range(1, 11)]


def test_contents_lead_to_every_section() -> None:
    titles = re.findall(r"^## (\d+)\. (.+)$", DOCUMENT, re.MULTILINE)
    for number, title in titles:
        anchor = re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")
        assert f"{number}. [{title}](#{number}-{anchor})" in DOCUMENT
