"""Lists of sessions in pages."""

from __future__ import annotations

import msgspec
import pytest

from everdoor.calls import encode_reply
from everdoor.codec import MAX_FRAME_BYTES
from everdoor.errors import CallRefused
from everdoor.events import Mark
from everdoor.messages.calls import SessionInfo, SessionList
from everdoor.pages import MAX_LISTS, MAX_NAME, PAGE, Pages, cut


def info(sessid: int, name: str = "Anna") -> SessionInfo:
    address = "192.0.2.7"
    return SessionInfo(
        sessid, "snake.portal.0", "telnet", address, True, name, name, 0.0, 0.0, 1, 5, 12
    )


def test_pages_make_up_the_list_in_the_order_of_sessids() -> None:
    pages, found = Pages(), list[int]()
    page = pages.begin([info(n) for n in range(2 * PAGE + 1, 0, -1)], Mark("server.1", 4))
    sizes = [len(page.sessions)]
    found += [each.sessid for each in page.sessions]
    while page.more:
        page = pages.go_on(SessionList(len(found), page.publisher, page.seq))
        found += [each.sessid for each in page.sessions]
        sizes.append(len(page.sessions))
    assert found == list(range(1, 2 * PAGE + 2))
    assert sizes == [PAGE, PAGE, 1]
    assert (page.publisher, page.seq) == ("server.1", 4)


def test_page_of_no_sessions_is_the_only_one() -> None:
    page = Pages().begin([], Mark("server.1", 0))
    assert (page.sessions, page.more) == ([], False)


def test_list_is_kept_for_a_few_others_and_then_gone() -> None:
    pages = Pages()
    for seq in range(MAX_LISTS + 1):
        pages.begin([info(1)], Mark("server.1", seq))
    assert pages.go_on(SessionList(0, "server.1", 1)).sessions
    with pytest.raises(CallRefused) as refused:
        pages.go_on(SessionList(0, "server.1", 0))
    assert refused.value.code == "gone"


def test_page_with_the_longest_names_fits_a_frame() -> None:
    name = cut("\N{GRINNING FACE}" * 1000)
    longest = msgspec.structs.replace(
        info(2**40, name), portal="p" * MAX_NAME, protocol="t" * MAX_NAME, address=name
    )
    page = Pages().begin([longest] * PAGE, Mark("s" * MAX_NAME, 2**40))
    assert len(encode_reply(bytes(16), page)) <= MAX_FRAME_BYTES
