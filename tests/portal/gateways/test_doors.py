"""Doors by name: those that ship, those of other packages, and packages that are at fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from everdoor.errors import StartupError
from everdoor_portal.gateways.doors import OWN, door, doors

METADATA = "Metadata-Version: 2.1\nName: another\nVersion: 0.1\n"

MODULE = """
class Door:
    def listen(self, settings, workers): ...
    def gateway(self, context): ...

raises = 1 / 0 if __name__ == "broken" else None
"""


def install(folder: Path, value: str, name: str = "other") -> None:
    """Have a package in a folder that is on Python's path."""
    info = folder / "another-0.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(METADATA)
    (info / "entry_points.txt").write_text(f"[everdoor.protocols]\n{name} = {value}\n")
    (folder / "doors_of_another.py").write_text(MODULE)
    (folder / "broken.py").write_text(MODULE)


def test_doors_that_ship_can_all_be_loaded() -> None:
    assert list(doors()) == [entry.name for entry in OWN]


def test_door_of_another_package_comes_behind_them_and_a_class_is_called_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "doors_of_another:Door")
    monkeypatch.syspath_prepend(tmp_path)
    assert list(doors())[-1] == "other"
    assert type(door("other")).__name__ == "Door"


@pytest.mark.parametrize(
    ("value", "name", "told"),
    [
        (
            "no_such_package:Door",
            "other",
            r"protocol other \(no_such_package:Door\): cannot be lo",
        ),
        ("broken:Door", "other", "cannot be loaded: ZeroDivisionError: division by zero; mend or"),
        ("json:dumps", "other", "expected a door with `listen` and `gateway`, got <function dumps"),
        (
            "doors_of_another:Door",
            "telnet",
            "protocol telnet: doors_of_another:Door cannot have",
        ),
    ],
)
def test_package_that_is_at_fault_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, name: str, told: str
) -> None:
    install(tmp_path, value, name)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(StartupError, match=told):
        doors()


def test_door_whose_package_has_gone_is_told() -> None:
    with pytest.raises(StartupError, match="protocol other: its package has gone; start the port"):
        door("other")
