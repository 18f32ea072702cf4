import pytest

from everdoor.errors import UserError
from everdoor_server.classpaths import import_class, path_of
from everdoor_server.objects import Object, Room


class Cellar(Room):
    pass


def test_path_is_where_a_class_stands_unless_it_says_otherwise() -> None:
    assert path_of(Cellar) == f"{__name__}.Cellar"
    assert path_of(Room) == "everdoor_server.objects.Room"


def test_class_is_imported_by_its_path() -> None:
    assert import_class("everdoor_server.objects.Room", Object, "typeclass") is Room


@pytest.mark.parametrize(
    "path", ["", "nothing", "no.such.Thing", "everdoor_server.objects.Nothing"]
)
def test_path_of_nothing_is_refused_by_name(path: str) -> None:
    with pytest.raises(UserError, match=f"typeclass '{path}' cannot be imported: "):
        import_class(path, Object, "typeclass")


@pytest.mark.parametrize("path", ["everdoor_server.rows.Label", "everdoor_server.objects"])
def test_what_is_of_another_class_or_none_is_refused(path: str) -> None:
    with pytest.raises(UserError, match=f"typeclass '{path}' is not a class below Object"):
        import_class(path, Object, "typeclass")
