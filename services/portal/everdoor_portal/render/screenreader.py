"""Texts for those who hear them: without the lines and boxes that are drawn with characters."""

from __future__ import annotations

import re

# Box drawing and block elements of Unicode.
_BOXES = "\u2500-\u259f"
_DRAWN = rf"-=~_*#+|:/\\^.{_BOXES}"

_DRAWN_LINE = re.compile(rf"^(?![ \t.]*$)[ \t]*+(?:[{_DRAWN}][ \t]*+){{3,}}+$\n?", re.MULTILINE)
"""A line of three or more such characters and nothing else; dots alone are a pause in speech."""

_DRAWN_PART = re.compile(rf"[{_BOXES}]+|([-=~_*#+])\1{{2,}}+")


def readable(text: str) -> str:
    """Drop lines that only draw, and within others what draws."""
    return _DRAWN_PART.sub("", _DRAWN_LINE.sub("", text))
