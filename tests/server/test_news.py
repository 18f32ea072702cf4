"""From commits to events: exactly what was committed, in the order of hooks."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from everdoor.ids import Incarnation, SessionKey, link_dead_key
from everdoor_server.commit import Commit, KnownPortal, RosterEntry
from everdoor_server.news import News

KEY = SessionKey("snake.portal.0", 7, 1)
OTHER = SessionKey("snake.portal.0", 7, 2)


class Sessions:
    """Sessions by key, made with the fields that news looks at."""

    def __init__(self) -> None:
        self._found: dict[SessionKey, Any] = {}

    def add(self, key: SessionKey, account: str | None = None, puppet: str | None = None) -> None:
        self._found[key] = SimpleNamespace(
            protocol_key="telnet",
            address="192.0.2.7",
            account=account and SimpleNamespace(key=account),
            uname=account,
            puppet=puppet and SimpleNamespace(key=puppet),
            puname=puppet,
        )

    def remove(self, key: SessionKey) -> None:
        del self._found[key]

    def find(self, key: SessionKey) -> Any:
        return self._found.get(key)


def commit(*present: RosterEntry, absent: list[SessionKey] | None = None) -> Commit:
    return Commit(3, 1, present=list(present), absent=absent or [])


def told(news: News, written: Commit) -> list[tuple[str, str | None]]:
    return [
        (step.data["event"], step.data.get("puppet") or step.data.get("account"))
        for step in news.take(written)
    ]


def test_news_tell_a_session_from_its_beginning_to_its_end() -> None:
    sessions = Sessions()
    news = News([], sessions.find)
    sessions.add(KEY)
    assert told(news, commit(RosterEntry(KEY, 4, None, None))) == [("connected", None)]
    sessions.add(KEY, "Anna", "the cat")
    assert told(news, commit(RosterEntry(KEY, 4, 5, 12))) == [
        ("logged_in", "Anna"),
        ("puppeted", "the cat"),
    ]
    sessions.remove(KEY)
    assert told(news, commit(absent=[KEY])) == [
        ("unpuppeted", "the cat"),
        ("logged_out", "Anna"),
        ("disconnected", None),
    ]


def test_news_are_nothing_where_the_roster_has_not_changed() -> None:
    sessions = Sessions()
    sessions.add(KEY, "Anna")
    entry = RosterEntry(KEY, 4, 5, None)
    news = News([entry], sessions.find)
    assert news.take(commit(entry)) == []
    assert news.take(commit(absent=[OTHER])) == []


def test_news_tell_the_end_of_who_was_there_before_this_generation() -> None:
    """Names are those that the session had when the generation began."""
    sessions = Sessions()
    sessions.add(KEY, "Anna", "Anna")
    news = News([RosterEntry(KEY, 4, 5, 12)], sessions.find)
    sessions.remove(KEY)
    assert told(news, commit(absent=[KEY]))[1:] == [("logged_out", "Anna"), ("disconnected", None)]


def test_news_name_by_number_who_has_no_name() -> None:
    news = News([RosterEntry(KEY, 4, 5, 12)], Sessions().find)
    assert (news[KEY].account, news[KEY].puppet) == ("#5", "#12")


def test_news_tell_those_who_left_before_those_who_came() -> None:
    sessions = Sessions()
    sessions.add(KEY, "Anna")
    news = News([RosterEntry(KEY, 4, 5, None)], sessions.find)
    sessions.remove(KEY)
    sessions.add(OTHER, "Anna")
    assert told(news, commit(RosterEntry(OTHER, 5, 5, None), absent=[KEY])) == [
        ("logged_out", "Anna"),
        ("disconnected", None),
        ("connected", None),
        ("logged_in", "Anna"),
    ]


def test_news_tell_of_portals() -> None:
    life = Incarnation(7, 1)
    written = commit()
    written.portals = [
        KnownPortal("a", life, "snake"),
        KnownPortal("b", life, "snake", buried=True),
    ]
    assert [tuple(step) for step in News([], Sessions().find).take(written)] == [
        ("portal.up", {"portal": "a"}),
        ("portal.down", {"portal": "b"}),
    ]


def test_news_tell_of_a_session_that_lost_its_connection_and_got_another() -> None:
    sessions = Sessions()
    for key in (KEY, OTHER):
        sessions.add(key, "Anna")
    lost = link_dead_key(4)
    sessions.add(lost, "Anna")
    news = News([RosterEntry(KEY, 4, 5, None), RosterEntry(OTHER, 6, None, None)], sessions.find)
    assert told(news, commit(RosterEntry(lost, 4, 5, None), absent=[KEY])) == [("link_dead", None)]
    assert news.keys() == [OTHER, lost]
    assert told(news, commit(RosterEntry(OTHER, 4, 5, None), absent=[lost])) == [
        ("disconnected", None),
        ("resumed", None),
    ]
    assert news.keys() == [OTHER]
    assert news[OTHER].sessid == 4
