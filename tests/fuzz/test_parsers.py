"""A short run of the fuzz targets for what clients send."""

from __future__ import annotations

import pytest

from fuzz import parsers


@pytest.mark.parametrize("name", parsers.TARGETS)
def test_parser_raises_nothing_but_what_it_says(name: str) -> None:
    assert parsers.feed(name, 0, 300_000) > 1
