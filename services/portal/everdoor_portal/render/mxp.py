"""Links for clients with MXP, whose every other text must then be free of MXP's own marks.

Each tag is sent in temporary secure mode, which ends with it: what else a text may hold is never
read as a tag.

Source: MUD eXtension Protocol 1.0, https://www.zuggsoft.com/zmud/mxp.htm (SEND, A, line tags).
"""

from __future__ import annotations

from everdoor.markup.tags import Link

SECURE = "\x1b[4z"
"""Line tag 4: the next tag alone is taken, also when it is not an open one."""

WEB_SCHEMES = ("http://", "https://")
"""What a click may open; clients hand the address to whatever program knows its scheme."""

_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
# `|` separates the entries of a menu.
_ATTRIBUTE = {**_TEXT, ord('"'): "&quot;", ord("|"): "&#124;"}


def escape(text: str) -> str:
    """Let a text be shown as it is."""
    return text.translate(_TEXT) if any(mark in text for mark in "&<>") else text


def begin(link: Link) -> str:
    """The tag before a link's text; empty for an address that no browser should open."""
    target = link.target.translate(_ATTRIBUTE)
    if not link.is_url:
        return f'{SECURE}<SEND HREF="{target}">'
    return f'{SECURE}<A HREF="{target}">' if is_web(link) else ""


def end(link: Link) -> str:
    """The tag behind a link's text."""
    if not link.is_url:
        return f"{SECURE}</SEND>"
    return f"{SECURE}</A>" if is_web(link) else ""


def is_web(link: Link) -> bool:
    return link.target.lower().startswith(WEB_SCHEMES)
