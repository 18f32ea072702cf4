from everdoor_portal.copies import SessionCopy


def test_copy_knows_nothing_before_the_server_has_answered() -> None:
    copy = SessionCopy()
    assert (copy.cursor, copy.state) == (0, None)
    assert copy.get("sessid", 0) == 0


def test_copy_takes_over_only_what_has_changed() -> None:
    copy = SessionCopy()
    copy.apply({"sessid": 3, "uid": None})
    copy.apply({"uid": 5})
    assert copy.state == {"sessid": 3, "uid": 5}


def test_copy_leaves_a_state_that_was_given_out_as_it_was() -> None:
    copy = SessionCopy()
    copy.apply({"uid": 5})
    given = copy.state
    copy.apply({"uid": 6})
    assert given == {"uid": 5}
