"""Spans of time in words."""

from __future__ import annotations

import pytest

from everdoor.durations import in_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "a moment"),
        (0.2, "1 second"),
        (59, "59 seconds"),
        (60, "1 minute"),
        (299.5, "5 minutes"),
        (3601, "1 hour 1 minute"),
        (86400, "1 day"),
        (2 * 86400 + 7200.5, "2 days 3 hours"),
    ],
)
def test_span_is_told_in_its_two_largest_units_rounded_up(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
