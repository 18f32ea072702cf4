"""The Procfile."""

from __future__ import annotations

from pathlib import Path

import pytest

from everdoor.cli.procfile import DEFAULT, read_procfile
from everdoor.errors import UserError

TOP = Path(__file__).parents[3]


def test_procfile_gives_commands_by_name(tmp_path: Path) -> None:
    (tmp_path / "Procfile").write_text("# a comment\nauth: everdoor auth run\nweb:  sleep 1\n")

    assert read_procfile(tmp_path) == {"auth": "everdoor auth run", "web": "sleep 1"}


def test_procfile_has_a_default(tmp_path: Path) -> None:
    assert list(read_procfile(tmp_path)) == ["auth", "server", "portal"]


def test_procfile_of_the_repository_is_the_default() -> None:
    assert (TOP / "Procfile").read_text() == DEFAULT


@pytest.mark.parametrize("text", ["", "nonsense\n", "a: one\na: two\n", "\xff"])
def test_procfile_that_says_nothing_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "Procfile").write_text(text, encoding="latin-1")

    with pytest.raises(UserError, match="Procfile"):
        read_procfile(tmp_path)
