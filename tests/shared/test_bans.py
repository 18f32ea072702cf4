"""Bans: what can be banned, and whom a ban is about."""

from __future__ import annotations

import pytest

from everdoor.bans import BanList, Target, parse_target, told
from everdoor.errors import UserError
from everdoor.messages.accounts import Ban

NOW = 1_800_000_000.0


def ban(target: str, number: int = 1, uid: int | None = None, **fields: object) -> Ban:
    kind = "name" if uid is not None else "address"
    known: dict[str, object] = {"reason": "", "by": "Anna", "made_at": NOW, "expires_at": None}
    return Ban(number, kind, target, uid, **{**known, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("192.0.2.7", Target("address", "192.0.2.7")),
        (" 192.0.2.* ", Target("address", "192.0.2.0/24")),
        ("192.0.*.*", Target("address", "192.0.0.0/16")),
        ("192.*", Target("address", "192.0.0.0/8")),
        ("192.0.2.9/24", Target("address", "192.0.2.0/24")),
        ("2001:DB8::7", Target("address", "2001:db8::7")),
        ("2001:db8::/32", Target("address", "2001:db8::/32")),
        ("fe80::1%eth0", Target("address", "fe80::1")),
        ("fe80::1%eth0/64", Target("address", "fe80::/64")),
        ("::ffff:192.0.2.7", Target("address", "192.0.2.7")),
        ("::ffff:192.0.2.0/120", Target("address", "192.0.2.0/24")),
        ("Troll", Target("name", "Troll")),
        ("Old  Troll", Target("name", "Old Troll")),
    ],
)
def test_target_is_brought_to_its_shortest_form(text: str, target: Target) -> None:
    assert parse_target(text) == target


@pytest.mark.parametrize(
    "text", ["", "x", "*", "300.1.1.1", "192.0.2.4.5", "192.0.2.0/33", "2001:db8::/129", "a|rb"]
)
def test_target_that_is_nothing_is_refused_with_what_was_expected(text: str) -> None:
    with pytest.raises(UserError, match=r"expected a name, an address .* or a range"):
        parse_target(text)


@pytest.mark.parametrize(
    ("target", "banned", "others"),
    [
        ("1.2.3.4", ["1.2.3.4", "::ffff:1.2.3.4"], ["1.2.3.40", "11.2.3.4", "1.2.3.5"]),
        ("1.2.3.0/24", ["1.2.3.0", "1.2.3.255"], ["1.2.4.0", "1.2.2.255"]),
        ("::1", ["::1", "::1%lo"], ["::2", "0.0.0.1", "127.0.0.1"]),
        ("2001:db8::/64", ["2001:db8::7"], ["2001:db8:0:1::7"]),
        ("0.0.0.0/0", ["203.0.113.1"], ["2001:db8::7"]),
        ("1.2.3.4", [], ["", "a socket", "1.2.3.4 "]),
    ],
)
def test_address_is_compared_as_a_whole(target: str, banned: list[str], others: list[str]) -> None:
    bans = BanList([ban(target)])
    assert [bans.of_address(address, NOW) for address in banned] == [ban(target)] * len(banned)
    assert [bans.of_address(address, NOW) for address in others] == [None] * len(others)


def test_ban_of_a_name_is_about_the_account_that_had_it() -> None:
    bans = BanList([ban("Troll", uid=7)])
    assert bans.of_account(7, NOW) == ban("Troll", uid=7)
    assert bans.of_account(8, NOW) is None


def test_ban_that_has_expired_is_about_nobody() -> None:
    bans = BanList(
        [
            ban("1.2.3.4", 1, expires_at=NOW),
            ban("1.2.0.0/16", 2, expires_at=NOW + 1),
            ban("Troll", 3, uid=7, expires_at=NOW),
        ]
    )
    found = bans.of_address("1.2.3.4", NOW)
    assert found is not None and found.id == 2
    assert bans.of_address("1.2.3.4", NOW + 1) is None
    assert bans.of_account(7, NOW) is None


def test_ban_is_told_with_its_reason_and_its_end() -> None:
    assert told(ban("::1"), NOW) == "You have been banned and cannot continue from here."
    text = told(ban("::1", reason="Spam.", expires_at=NOW + 7200), NOW)
    assert text.endswith("from here. Reason: Spam. The ban ends in 2 hours.")
