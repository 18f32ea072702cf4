"""What a new password must be, before anybody hashes it.

No passwords are kept or compared with stored ones here (`passwords`). The list of common ones is
data of this package and passed in.

Source: NIST SP 800-63B section 5.1.1.2 (length and a list of known ones, no rules of composition).
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Collection

from everdoor.errors import UserError

MIN_PASSWORD_CHARACTERS = 8
LIKENESS = 0.7
"""Share of characters, in order, that a password and a name have in common to be alike."""

MAX_DECORATION = 4
"""How many digits and signs around a common word leave it as easy to guess (`dragon2024`)."""

MAX_REPEATED_UNIT = 4
"""`abcdabcd` is guessed as easily as `abcd`."""

_PLAIN = str.maketrans("0134578@$!", "oieastbasi")
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1234567890",
)


def prepare_password(text: str) -> str:
    """Write a password so that every keyboard that types it means the same (NFKC)."""
    return unicodedata.normalize("NFKC", text)


def check_password(password: str, name: str, common: Collection[str]) -> None:
    """Refuse a prepared password that is easy to guess.

    Args:
        password: As `prepare_password` gives it.
        name: The account's name.
        common: Common passwords and words, in lower case.

    Raises:
        UserError: Too short, numbers only, common, or like the name; never holds the password.
    """
    if len(password) < MIN_PASSWORD_CHARACTERS:
        raise UserError(
            f"A password has at least {MIN_PASSWORD_CHARACTERS} characters, "
            f"this one has {len(password)}."
        )
    if all(character.isnumeric() or character.isspace() for character in password):
        raise UserError("A password may not be made of numbers only.")
    folded = password.casefold()
    if _is_common(folded, common):
        raise UserError("This password is among the first that anybody would guess.")
    if _is_like(folded, name.casefold()):
        raise UserError("This password is too much like the name.")


def _is_common(password: str, common: Collection[str]) -> bool:
    return (
        any(form in common for form in _forms(password))
        or _is_repeated(password)
        or _is_run(password)
    )


def _forms(password: str) -> set[str]:
    """The words that a password may be made from: undecorated, and with figures read as letters."""
    bare = password.strip("0123456789!?.*#$@_-+ ")
    forms = {password} if len(password) - len(bare) > MAX_DECORATION else {password, bare}
    return forms | {form.translate(_PLAIN) for form in forms}


def _is_repeated(password: str) -> bool:
    return 0 < (password + password).find(password, 1) <= MAX_REPEATED_UNIT


def _is_run(password: str) -> bool:
    """Whether it is a row of the alphabet or of a keyboard, in either direction."""
    return any(password in row * 2 or password[::-1] in row * 2 for row in _ROWS)


def _is_like(password: str, name: str) -> bool:
    if len(name) < 3:
        return False
    rest = password.replace(name, "").replace(name[::-1], "")
    if rest != password and (len(rest) <= MAX_DECORATION or rest.isnumeric()):
        return True
    return any(_likeness(password, part) >= LIKENESS for part in (name, name[::-1]))


def _likeness(password: str, name: str) -> float:
    matcher = difflib.SequenceMatcher(None, password, name, autojunk=False)
    # Its upper bound needs the lengths only, and spares a long password the comparison.
    return matcher.ratio() if matcher.real_quick_ratio() >= LIKENESS else 0.0
