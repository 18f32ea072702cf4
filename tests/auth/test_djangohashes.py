"""Hashes that Django has made: compared, taken over, and renewed when their password is shown."""

from __future__ import annotations

import pytest

from auth_lives import CHEAP
from everdoor_auth.djangohashes import check_django_hash, imported_hash, is_django_hash
from everdoor_auth.passwords import Verdict

PASSWORD = "sevén lanterns"
HASHES = [
    "pbkdf2_sha256$1000000$saltysalt$fhcveLk3FQND+/AWjQda8078gq+Gv/vaXaFz5ci+LEI=",
    "pbkdf2_sha1$1000000$saltysalt$cT9DG4KJWSq/1Q5M2ZdJvwUJ8Bk=",
    "scrypt$16384$saltysalt$8$5$s3jNlmwlT6lqKMU0dZOJA6ytTeLWXXmi1LVHH2XZhVvSwOKpSENWjwEFonbt4BHE"
    "BrNl52uS0IwQcH0Kx39HKA==",
]
"""What Django 5.2 makes of PASSWORD."""

REFUSED = [
    "md5$saltysalt$e25bc00bf46a606c840b3321f86de361",
    "bcrypt_sha256$$2b$12$NnWvC5Qv5yl0Nd4uVbCmSe",
    "pbkdf2_sha256$many$salt$AAAA",
    "pbkdf2_sha256$0$salt$AAAA",
    "pbkdf2_sha256$99999999999$salt$AAAA",
    "pbkdf2_sha256$1$salt",
    "pbkdf2_sha256$1$salt$no base64!",
    "scrypt$1073741824$salt$8$1$AAAA",
    "scrypt$-1$salt$8$1$AAAA",
    "plain",
]


@pytest.mark.parametrize("stored", HASHES, ids=lambda stored: stored.partition("$")[0])
def test_hash_of_django_tells_right_from_wrong(stored: str) -> None:
    assert is_django_hash(stored) and imported_hash(stored) == stored
    assert check_django_hash(stored, PASSWORD)
    assert not check_django_hash(stored, PASSWORD + "x")


@pytest.mark.parametrize("stored", HASHES, ids=lambda stored: stored.partition("$")[0])
def test_hash_of_django_is_renewed_by_the_right_password_alone(stored: str) -> None:
    assert CHEAP.check(stored, "wrong") == Verdict(False)
    right, renewed = CHEAP.check(stored, PASSWORD)
    assert right and renewed is not None and renewed.startswith("$argon2id$")
    assert CHEAP.check(renewed, PASSWORD) == Verdict(True)


def test_hash_of_argon2_is_taken_over_as_argon2s_own() -> None:
    own = CHEAP.hash(PASSWORD)
    stored = imported_hash(f"argon2{own}")
    assert stored == own
    assert CHEAP.check(stored, PASSWORD) == Verdict(True)


@pytest.mark.parametrize("stored", REFUSED)
def test_hash_that_cannot_be_checked_is_not_taken_over(stored: str) -> None:
    assert imported_hash(stored) is None
    assert not check_django_hash(stored, "")


def test_scrypt_of_costs_that_do_not_fit_is_right_for_nobody() -> None:
    assert not check_django_hash("scrypt$3$salt$8$1$AAAA", "")


@pytest.mark.parametrize("stored", ["", "!", "!RuSDujMd4Md6AnCuIoIRf9GwE1OIh8cgtp5RJGil"])
def test_account_without_a_password_stays_without(stored: str) -> None:
    assert imported_hash(stored) == ""
