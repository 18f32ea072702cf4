"""Encodings in which a client's text can travel: which there are, and what each is called.

Any of Python's in which ASCII stands for itself, because line ends and the commands of protocols
are ASCII; so UTF-16 is none, and neither are those in which letters spell other letters.
"""

from __future__ import annotations

import codecs

DEFAULT_ENCODING = "utf-8"

_ASCII = "".join(map(chr, range(32, 127)))
_SPELLED_OUT = "escape"
"""In the names of codecs that spell characters in letters, which no client does."""


def encoding_name(name: str) -> str | None:
    """The name by which an encoding goes, whatever it was called; None: there is none such."""
    try:
        found = codecs.lookup(name.strip()).name
        is_ascii = _ASCII.encode(found) == _ASCII.encode("ascii")
    except (LookupError, UnicodeError, ValueError):
        return None
    return found if is_ascii and _SPELLED_OUT not in found else None
