from everdoor.ids import NO_ROW, Incarnation, RowId, SessionKey


def test_rows_are_ordered_by_generation_then_number() -> None:
    rows = [RowId(2, 1), RowId(1, 9), NO_ROW, RowId(1, 10)]
    assert sorted(rows) == [NO_ROW, RowId(1, 9), RowId(1, 10), RowId(2, 1)]


def test_newer_incarnation_has_the_higher_number_whatever_its_nonce() -> None:
    assert Incarnation(2, 0).is_newer_than(Incarnation(1, 9))
    assert not Incarnation(1, 9).is_newer_than(Incarnation(1, 0))
    assert not Incarnation(1, 0).is_newer_than(Incarnation(2, 0))


def test_session_key_is_readable_in_a_log() -> None:
    assert str(SessionKey("snake.portal.0", 17, 3)) == "snake.portal.0/17/3"
