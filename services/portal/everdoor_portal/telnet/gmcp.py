"""GMCP, packets of a name and JSON in both directions.

The packages `Core.Hello`, `Core.Supports`, `Core.Ping` and `Core.KeepAlive` are answered here, and
`Char.Login.Reconnect` is read; all others are the owner's, as OutOfBand events. How outputs are
named is `outofband`.

Source: Generic MUD Communication Protocol, https://www.gammon.com.au/gmcp and
https://nexus.ironrealms.com/GMCP; names of packages are the same in any case. `Char.Login`,
version 2: https://wiki.mudlet.org/w/Standards:GMCP_Authentication.
"""

import base64
import re
from typing import Any

import msgspec

from everdoor_portal.telnet.events import (
    FlagValue,
    Keepalive,
    LoginWanted,
    OutOfBand,
    Reconnect,
)
from everdoor_portal.telnet.handlers import Answer, MalformedSubnegotiation
from everdoor_portal.telnet.outofband import NOTHING, is_name
from everdoor_portal.telnet.ttype import MAX_NAME_LENGTH

MAX_DECLINED = 64
"""Modules that one client can be remembered to have declined."""

LOGIN_MODULE = "char.login"
TOKEN_VERSION = 2
"""Of `Char.Login`, from which on clients take tokens."""

COUNTING_MODULE = "everdoor"

PROTOCOL = "GMCP"

_MAX_DEPTH = 32
"""Arrays and objects within each other that are taken: far more than a packet of a client has."""

# Also one without an end, which is refused later: else each quote in it would be tried anew.
_STRINGS = re.compile(rb'"(?:[^"\\]++|\\.?)*+"?', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")

MAX_DIGITS = 9
"""Of a module's version."""

_HELLO = {"client": "CLIENTNAME", "version": "CLIENTVERSION"}


class GmcpHandler:
    """One client's GMCP: who it is, what it does not want.

    Attributes:
        login_version: Of `Char.Login` that it knows; 0: none.
        counts_outputs: It wants to be told the numbers of outputs (the module `Everdoor`).
    """

    __slots__ = ("_declined", "_has_words", "counts_outputs", "login_version")
    is_settled = True

    def __init__(self) -> None:
        self._declined: set[str] = set()
        self._has_words = True
        self.login_version = 0
        self.counts_outputs = False

    @property
    def keeps_tokens(self) -> bool:
        """Whether a token is of use to the client: `Char.Login 2`, and it has not said that it
        would forget one."""
        return self.login_version >= TOKEN_VERSION and self._has_words

    def begin(self) -> Answer:
        """Say nothing: the client greets first."""
        return Answer()

    def receive(self, payload: bytes) -> Answer:
        """Read `Package.Name` and, behind a space, JSON.

        Raises:
            MalformedSubnegotiation: No such layout, or `Core` packets that say something else
                than they are for.
        """
        name, data = decode(payload)
        match name.lower():
            case "core.hello":
                return Answer(_read_hello(data))
            case "core.ping":
                return Answer(send=encode("Core.Ping"))
            case "core.keepalive":
                return Answer(events=(Keepalive(),))
            case "core.supports.set" | "core.supports.add" | "core.supports.remove" as verb:
                return self._take_modules(verb, _read_modules(data))
            case "char.login.reconnect":
                self._take_storage(data)
                return Answer(events=(_read_reconnect(data),))
            case "char.login.credentials":
                self._take_storage(data)
        told = None if data is NOTHING else data
        return Answer(events=(OutOfBand(PROTOCOL, name, told),))

    def wants(self, package: str) -> bool:
        """Whether to send a package: the client has not declined it, or a module that it is of.

        A client declines a module by `Core.Supports.Remove`, or by version 0 of it. What it has
        never named is sent: games have modules that no client lists.
        """
        parts = package.lower().split(".")
        return not any(
            ".".join(parts[:length]) in self._declined for length in range(1, len(parts) + 1)
        )

    def _take_storage(self, data: Any) -> None:
        """Any packet of a login may say whether tokens are kept; silence is no denial."""
        if isinstance(data, dict) and "token_storage" in data:
            self._has_words = data["token_storage"] not in (False, "false", 0)

    def _take_modules(self, verb: str, modules: dict[str, int]) -> Answer:
        kept = set() if verb.endswith("set") else self._declined
        if verb.endswith("remove"):
            modules = dict.fromkeys(modules, 0)
        declined = {name for name, is_wanted in modules.items() if not is_wanted}
        declined |= {name for name in kept if not modules.get(name)}
        if len(declined) > MAX_DECLINED:
            raise MalformedSubnegotiation(f"GMCP expects at most {MAX_DECLINED} modules declined")
        self._declined = declined
        self.counts_outputs = bool(modules.get(COUNTING_MODULE, self.counts_outputs))
        before, self.login_version = (
            self.login_version,
            modules.get(LOGIN_MODULE, self.login_version),
        )
        is_new = self.login_version > before
        return Answer(events=(LoginWanted(self.login_version),) if is_new else ())


def decode(payload: bytes) -> tuple[str, Any]:
    """Read a packet: its package, and its data or NOTHING.

    Raises:
        MalformedSubnegotiation: No name of at most 64 letters, digits, `.`, `-` and `_`, no valid
            JSON behind it, or nested deeper than 32.
    """
    raw_name, _, text = payload.strip().partition(b" ")
    name = raw_name.decode("latin-1")
    if not is_name(name):
        raise MalformedSubnegotiation("GMCP expects the name of a package")
    text = text.strip()
    if not text:
        return name, NOTHING
    if _depth(text) > _MAX_DEPTH:
        raise MalformedSubnegotiation(f"GMCP expects at most {_MAX_DEPTH} levels of JSON")
    try:
        return name, msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise MalformedSubnegotiation(f"GMCP expects JSON behind {name}") from None


def encode(package: str, data: Any = NOTHING) -> bytes:
    """Write a packet.

    Raises:
        ValueError: The package has no proper name, or the data cannot be said in JSON.
    """
    if not is_name(package):
        raise ValueError(f"expected the name of a package, got {package!r}")
    if data is NOTHING:
        return package.encode("ascii")
    try:
        return package.encode("ascii") + b" " + msgspec.json.encode(data)
    except (TypeError, ValueError, RecursionError) as exc:
        raise ValueError(f"{package} cannot be said in JSON: {exc}") from exc


def _depth(text: bytes) -> int:
    """How deep the brackets outside of strings are nested at most; counted no further than is
    taken."""
    depth = deepest = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub(b"", text)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
        if deepest > _MAX_DEPTH:
            break
    return deepest


def _read_hello(data: Any) -> dict[str, FlagValue]:
    if not isinstance(data, dict):
        raise MalformedSubnegotiation("GMCP expects an object behind Core.Hello")
    return {flag: _read_name(data[key]) for key, flag in _HELLO.items() if key in data}


def _read_name(value: Any) -> str:
    text = value if isinstance(value, str) else ""
    if not 0 < len(text) <= MAX_NAME_LENGTH or not text.isprintable():
        raise MalformedSubnegotiation(
            f"GMCP expects 1 to {MAX_NAME_LENGTH} characters for each part of Core.Hello"
        )
    return text


def _read_modules(data: Any) -> dict[str, int]:
    """Read `["Module version", ...]`: each module and its version; one that is no number is 1."""
    if not isinstance(data, list) or not all(isinstance(each, str) for each in data):
        raise MalformedSubnegotiation("GMCP expects a list of modules behind Core.Supports")
    modules = {}
    for each in data:
        name, _, version = each.strip().partition(" ")
        if not is_name(name):
            raise MalformedSubnegotiation("GMCP expects names of modules behind Core.Supports")
        number = version.strip()
        is_number = number.isascii() and number.isdecimal() and len(number) <= MAX_DIGITS
        modules[name.lower()] = int(number) if is_number else 1
    return modules


def _read_reconnect(data: Any) -> Reconnect:
    """Read `{"token": ..., "seen": ...}`; what is no token of ours is nobody's."""
    if not isinstance(data, dict) or not isinstance(data.get("token"), str):
        raise MalformedSubnegotiation("GMCP expects a token behind Char.Login.Reconnect")
    seen = data.get("seen")
    is_count = isinstance(seen, int) and not isinstance(seen, bool) and 0 <= seen < 2**63
    return Reconnect(token_in(data["token"]), seen if is_count else None)


def token_text(token: bytes) -> str:
    """Write a token as text."""
    return base64.urlsafe_b64encode(token).rstrip(b"=").decode()


def token_in(text: str) -> bytes:
    """Read a token; another text gives other bytes, which are no token."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return text.encode("utf-8", "replace")


def login_offer(version: int) -> dict[str, Any]:
    """What `Char.Login.Default` tells a client of that version of it: how to log in, and from
    TOKEN_VERSION on that tokens are taken."""
    spoken = {"version": TOKEN_VERSION} if version >= TOKEN_VERSION else {}
    return {**spoken, "type": ["password-credentials"]}
