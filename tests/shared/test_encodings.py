"""Which encodings a client may choose."""

from __future__ import annotations

import pytest

from everdoor.encodings import encoding_name


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("utf-8", "utf-8"),
        (" UTF8 ", "utf-8"),
        ("latin-1", "iso8859-1"),
        ("ISO-8859-1", "iso8859-1"),
        ("cp437", "cp437"),
        ("big5", "big5"),
        ("koi8_r", "koi8-r"),
        ("utf-16", None),
        ("utf-7", None),
        ("ebcdic-cp-us", None),
        ("hex", None),
        ("unicode_escape", None),
        ("raw_unicode_escape", None),
        ("idna", None),
        ("nonsense", None),
        ("", None),
        ("a\0b", None),
        ("ü", None),
    ],
)
def test_encoding_is_one_in_which_ascii_is_ascii(name: str, found: str | None) -> None:
    assert encoding_name(name) == found
