"""Accounts that come from Evennia, in a database of each kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from auth_lives import CHEAP, Auth
from everdoor.errors import UserError
from everdoor.evennia.database import EvenniaDatabase
from everdoor.evennia.importing import Import
from everdoor.messages.accounts import AccountFound, Authenticate, ListBans
from everdoor.messages.calls import Failed
from everdoor.settings import Settings
from everdoor_auth.importing import import_accounts
from fromevennia.tiny import HASH, PASSWORD, Evennia

Run = Callable[..., Import]


@pytest.fixture
def theirs(tmp_path: Path) -> Evennia:
    return Evennia(tmp_path / "evennia.db3")


@contextmanager
def job(theirs: Evennia, url: str, **options: bool) -> Iterator[Import]:
    settings = Settings(home=theirs.path.parent, auth_database_url=SecretStr(url))
    with EvenniaDatabase(theirs.path) as source:
        yield Import(source, settings, **options)


def imported(theirs: Evennia, url: str, **options: bool) -> Import:
    with job(theirs, url, **options) as made, import_accounts(made) as write:
        write()
    return made


def logs_in(auth: Auth, name: str, password: str = PASSWORD) -> bool:
    answer = auth.ask(Authenticate(name, password, ""), role="cli")
    assert isinstance(answer, AccountFound | Failed)
    return isinstance(answer, AccountFound)


def test_account_logs_in_with_the_old_password_which_is_hashed_anew(
    theirs: Evennia, auth: Auth
) -> None:
    theirs.account(7, "Anna Lind")
    made = imported(theirs, auth.url)
    assert logs_in(auth, "anna lind") and not logs_in(auth, "Anna Lind", "wrong lanterns")
    assert made.report.brought == {"accounts": 1} and made.report.left_out == {}
    answer = auth.ask(Authenticate("Anna Lind", PASSWORD, ""), role="cli")
    assert isinstance(answer, AccountFound) and made.uids == {7: answer.uid}
    # Recognised no more as what was imported: the hash is another now.
    with pytest.raises(UserError, match="Anna Lind"):
        imported(theirs, auth.url)


def test_superuser_stays_one_and_who_was_kept_out_is_banned(
    theirs: Evennia, closed_auth: Auth
) -> None:
    theirs.account(1, "God", is_superuser=True)
    theirs.account(2, "Mal", is_active=False)
    imported(theirs, closed_auth.url)
    auth = closed_auth
    auth.open()
    found = auth.ask(Authenticate("God", PASSWORD, ""), role="cli")
    assert isinstance(found, AccountFound) and found.superuser
    refused = auth.ask(Authenticate("Mal", PASSWORD, ""), role="cli")
    assert isinstance(refused, Failed) and refused.code == "banned"
    assert [ban.reason for ban in auth.ask(ListBans(), role="cli").bans] == ["disabled in Evennia"]


def test_what_cannot_come_along_is_reported(theirs: Evennia, auth: Auth) -> None:
    theirs.account(1, "Al")
    theirs.account(2, "Bea", password="md5$salt$e25bc00bf46a606c840b3321f86de361")
    theirs.account(3, "BEA")
    theirs.account(4, "bot", db_is_bot=True)
    theirs.account(5, "Guest1", db_typeclass_path="typeclasses.accounts.Guest")
    theirs.account(6, "Cyd", email="cyd@example.org", password="!unusable")
    made = imported(theirs, auth.url)
    assert made.uids.keys() == {2, 6}
    assert {group: count for group, (count, _) in made.report.left_out.items()} == {
        "accounts whose name is none here": 1,
        "passwords that cannot be checked (set new ones)": 1,
        "accounts whose name is another's but for its case": 1,
        "accounts of bots and guests": 2,
        "e-mail addresses": 1,
    }
    assert not logs_in(auth, "Bea") and not logs_in(auth, "Cyd", "")
    assert "cyd@example.org" not in str(made.report.left_out)


def test_import_that_is_repeated_makes_nothing_twice(theirs: Evennia, closed_auth: Auth) -> None:
    theirs.account(7, "Anna")
    theirs.account(8, "Mal", is_active=False)
    theirs.account(9, "Nil", password="!")
    first = imported(theirs, closed_auth.url)
    assert imported(theirs, closed_auth.url).uids == first.uids
    closed_auth.open()
    assert len(closed_auth.ask(ListBans(), role="cli").bans) == 1


def test_name_that_is_taken_refuses_all_before_anything_is_written(
    theirs: Evennia, auth: Auth
) -> None:
    theirs.account(7, "Anna")
    imported(theirs, auth.url)
    assert logs_in(auth, "Anna")
    theirs.account(8, "Bob")
    with pytest.raises(UserError, match=r"1 of the accounts exist here already \(Anna\)"):
        imported(theirs, auth.url)
    assert not logs_in(auth, "Bob")


def test_account_that_is_kept_keeps_its_password_of_here(theirs: Evennia, auth: Auth) -> None:
    theirs.account(7, "Anna")
    first = imported(theirs, auth.url)
    assert logs_in(auth, "Anna")
    theirs.account(8, "Bob")
    again = imported(theirs, auth.url, keeps_accounts=True)
    assert again.uids[7] == first.uids[7] and logs_in(auth, "Anna") and logs_in(auth, "Bob")


def test_dry_run_writes_nothing(theirs: Evennia, tmp_path: Path) -> None:
    theirs.account(7, "Anna")
    made = imported(theirs, f"sqlite:///{tmp_path}/auth.db", is_dry=True)
    assert made.report.brought == {"accounts": 1}
    assert not (tmp_path / "auth.db").exists()


def test_hash_of_the_tests_is_one_of_django(theirs: Evennia) -> None:
    assert CHEAP.check(HASH, PASSWORD).is_right
