from __future__ import annotations

from everdoor_server.labels import Labels


class Noting:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.noted: list[tuple[str, str, bool]] = []

    def note_label(self, kind: str, category: str, name: str, present: bool) -> None:
        assert kind == "tag"
        self.noted.append((category, name, present))


def labels() -> tuple[Labels, list[tuple[str, str, bool]]]:
    owner = Noting()
    return Labels([], "tag", owner), owner.noted


def test_labels_keep_names_once_whatever_their_case() -> None:
    names, noted = labels()
    names.add(["Lamp", "lamp"])
    assert names.all() == ["Lamp"]
    assert noted == [("", "Lamp", True)]


def test_labels_of_other_categories_stay() -> None:
    names, _ = labels()
    names.add("old", category="age")
    names.add("old")
    names.remove("OLD")
    assert names.pairs() == [("age", "old")]


def test_labels_note_what_was_removed_as_it_was_spelled() -> None:
    names, noted = labels()
    names.add("Lamp")
    names.remove("lAmP")
    assert noted[-1] == ("", "Lamp", False)


def test_labels_ignore_what_is_not_there_and_what_is_empty() -> None:
    names, noted = labels()
    names.add(" ")
    names.remove("nothing")
    names.clear()
    assert noted == []


def test_labels_are_found_in_any_category_unless_one_is_named() -> None:
    names, _ = labels()
    names.add("old", category="age")
    assert "OLD" in names
    assert not names.has("old", category="shape")
