"""When a worker hangs, for how long it may, and that nobody is blamed without having been asked."""

from __future__ import annotations

from everdoor.supervisor.attention import LOOK_S, MISSES, OVER_LIMIT_S, Attention


def test_worker_hangs_after_some_looks_without_an_answer_and_is_told_of_once() -> None:
    attention = Attention()
    news = [attention.look(1, False, 0) for _ in range(MISSES + 3)]
    assert news == [None] * (MISSES - 1) + ["hangs"] + [None] * 3
    assert attention.hangs(1) and not attention.hangs(2)


def test_worker_that_answers_again_hangs_no_more() -> None:
    attention = Attention()
    for _ in range(MISSES):
        attention.look(1, False, 0)
    assert attention.look(1, True, 0) == "answers"
    assert attention.look(1, True, 0) is None
    assert not attention.hangs(1)


def test_worker_that_was_slow_once_is_not_told_of() -> None:
    attention = Attention()
    assert [attention.look(1, answered, 0) for answered in (False, True) * 9] == [None] * 18


def test_worker_that_hangs_beyond_its_limit_is_overdue_once() -> None:
    attention = Attention()
    news = [attention.look(1, False, 4.0) for _ in range(30)]
    at = news.index("overdue")
    assert 4.0 + OVER_LIMIT_S <= (at + 1) * LOOK_S < 4.0 + OVER_LIMIT_S + LOOK_S
    assert news.count("overdue") == 1


def test_worker_without_a_limit_is_never_overdue() -> None:
    attention = Attention()
    assert "overdue" not in [attention.look(1, False, 0) for _ in range(1000)]


def test_worker_that_is_gone_is_forgotten() -> None:
    attention = Attention()
    for _ in range(MISSES):
        attention.look(1, False, 0)
    attention.keep({2})
    assert not attention.hangs(1)
