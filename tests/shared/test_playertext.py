"""What players type, made safe for others to see."""

from __future__ import annotations

import pytest

from everdoor.playertext import clean, is_about_passwords


def test_clean_takes_out_what_forges_lines_and_directions() -> None:
    assert clean("a\x1b[31mb\x07\x9bc\u202ed\u2066e\r\nf\tg") == "a[31mbcde  f g"


def test_clean_leaves_every_script_alone() -> None:
    assert clean("naïve 你好 👩\u200d🚀") == "naïve 你好 👩\u200d🚀"


@pytest.mark.parametrize(
    "line",
    ["password", " Password a = b", "@password a = b", "userpassword Anna = b", "passwd a b"]
    + ["connect Anna b", "create Anna b"],
)
def test_line_that_is_or_is_meant_as_a_command_with_a_password_is_known(line: str) -> None:
    assert is_about_passwords(line)


@pytest.mark.parametrize("line", ["", "say password", "look", "compass", "connection"])
def test_other_lines_are_not_about_passwords(line: str) -> None:
    assert not is_about_passwords(line)
