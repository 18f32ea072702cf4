"""What accounts and characters may be called, and when two names are one.

A name is normalised (NFKC, one space between words) before it is judged; its key decides whether
two names are the same. Who already has a name is the store's business.

Source: Unicode 15 section 3.13 (caseless matching, D146), UTS 39 section 5.2 (mixed scripts).
"""

from __future__ import annotations

import unicodedata

from everdoor.errors import UserError

MIN_NAME_CHARACTERS = 3
MAX_NAME_CHARACTERS = 30
PUNCTUATION = " '-_.@+"
MAX_MARKS_IN_A_ROW = 2
"""Accents stacked on one letter: living scripts need two, more only smears over other lines."""

NOT_IN_NAMES = "\N{REPLACEMENT CHARACTER}"

_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_VISIBLE = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd"})

# Scripts that are written together; UTS 39 calls this level "highly restrictive".
_WRITTEN_TOGETHER = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
)
_SCRIPT_OF_WORD = {
    "ARABIC-INDIC": "ARABIC",
    "EXTENDED": "ARABIC",
    "KATAKANA-HIRAGANA": "KATAKANA",
    "IDEOGRAPHIC": "CJK",
}


def normalise_name(text: str) -> str:
    """Write a name as it is kept and shown: NFKC, no space around it, single spaces within.

    Idempotent; refuses nothing.
    """
    return " ".join(unicodedata.normalize("NFKC", text).split())


def name_key(text: str) -> str:
    """Reduce a name to what makes it unique: two names with one key are one name.

    Any text has a key, also one that is no acceptable name, so that a login with such a name
    takes the way of every unknown name; what is invisible in it becomes U+FFFD, which no name has.
    """
    visible = (NOT_IN_NAMES if _is_invisible(character) else character for character in text)
    key = unicodedata.normalize("NFD", normalise_name("".join(visible)))
    for _ in range(2):
        key = unicodedata.normalize("NFKC", key.casefold())
    return key


def check_name(text: str) -> str:
    """Normalise the name that somebody wants for a new account or character.

    Returns:
        The name as it is kept: 3 to 30 characters; letters, digits and ``' - _ . @ +`` and space.

    Raises:
        UserError: It is no acceptable name; the text says which rule it breaks.
    """
    _check_visible(text)
    name = normalise_name(text)
    if not MIN_NAME_CHARACTERS <= len(name) <= MAX_NAME_CHARACTERS:
        raise UserError(
            f"A name has {MIN_NAME_CHARACTERS} to {MAX_NAME_CHARACTERS} characters, "
            f"this one has {len(name)}."
        )
    _check_characters(name)
    _check_scripts(name)
    return name


def _check_visible(text: str) -> None:
    for character in text:
        if _is_invisible(character):
            raise UserError(
                "A name may not contain control or invisible characters; "
                f"this one has U+{ord(character):04X}."
            )


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in _INVISIBLE


def _check_characters(name: str) -> None:
    marks = 0
    for character in name:
        category = unicodedata.category(character)
        if character not in PUNCTUATION and not _is_allowed(character, category):
            raise UserError(
                f"A name may not contain {character!r}; letters, digits, spaces "
                "and ' - _ . @ + are allowed."
            )
        marks = marks + 1 if category == "Mn" else 0
        if marks > MAX_MARKS_IN_A_ROW:
            raise UserError(
                f"A name may not pile more than {MAX_MARKS_IN_A_ROW} accents on one letter."
            )
    if not any(character.isalpha() for character in name):
        raise UserError("A name needs at least one letter.")


def _is_allowed(character: str, category: str) -> bool:
    # Modifier letters look like apostrophes and accents, and belong to no script.
    return category in _VISIBLE and _first_word(character) != "MODIFIER"


def _check_scripts(name: str) -> None:
    scripts = {_script(character) for character in name if character not in PUNCTUATION}
    scripts -= {""}
    if len(scripts) > 1 and not any(scripts <= together for together in _WRITTEN_TOGETHER):
        mixed = " and ".join(sorted(script.capitalize() for script in scripts))
        raise UserError(
            f"A name may not mix letters of {mixed}, which look alike; write it in one script."
        )


def _script(character: str) -> str:
    """The script of a letter, mark or digit; empty for what all scripts share."""
    word = _first_word(character)
    if character.isascii() and character.isdigit() or word == "COMBINING":
        return ""
    return _SCRIPT_OF_WORD.get(word, word)


def _first_word(character: str) -> str:
    # The character database of the standard library has no script property; the first word of
    # a letter's name is its script.
    return unicodedata.name(character, "").partition(" ")[0]
