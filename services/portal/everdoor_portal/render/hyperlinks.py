"""Links for terminals: OSC 8, a sequence that gives the text behind it an address.

A link that does a command has the made-up scheme `send:`, with the command behind it,
percent-encoded; only our own page knows it. An address that no browser should open is no link.

Source: OSC 8, https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda
"""

from __future__ import annotations

from urllib.parse import quote

from everdoor.markup.tags import Link
from everdoor_portal.render.mxp import is_web

SEND = "send:"

_STRING_TERMINATOR = "\x1b\\"
_URL_MARKS = "!#$%&'()*+,-./:;=?@[]_~"


def begin(link: Link) -> str:
    """The sequence before a link's text."""
    if not link.is_url:
        return _address(SEND + quote(link.target, safe=""))
    return _address(quote(link.target, safe=_URL_MARKS)) if is_web(link) else ""


def end(link: Link) -> str:
    """The sequence behind a link's text."""
    return _address("") if not link.is_url or is_web(link) else ""


def _address(uri: str) -> str:
    return f"\x1b]8;;{uri}{_STRING_TERMINATOR}"
