"""What no text may bring to a client's screen: control characters and changes of direction.

With these gone, whatever colours or moves the cursor has been put there by a renderer. What
players type loses more than this before others see it (`everdoor.playertext`).

Source: ECMA-48 (C0, C1); Unicode 15 section 23.2 (directional formatting characters).
"""

from __future__ import annotations

import re

_LINE_ENDS = re.compile(r"\r\n?")
_SEPARATORS = re.compile("[\u2028\u2029]")
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""C0 without tab and line feed, DEL and C1; embeddings, overrides and isolates."""


def clean(text: str) -> str:
    """Leave printable characters, tabs and line ends (LF).

    Each CR LF and CR becomes a line end, a line or paragraph separator a space. Idempotent.
    """
    if text.isprintable():
        return text
    if "\r" in text:
        text = _LINE_ENDS.sub("\n", text)
    return _UNSAFE.sub("", _SEPARATORS.sub(" ", text))
