"""What somebody can react with: a character. There are no custom emoji here, so that each of those is unknown."""

from __future__ import annotations

import unicodedata

_SYMBOLS = frozenset(("So", "Sm", "Sk"))
_JOINED = frozenset(("Mn", "Me", "Cf"))
_KEYCAPS = "0123456789#*"
MAX_CHARACTERS = 16
"""Of one emoji with everything joined to it; families and flags have up to eleven."""


def known(text: str) -> bool:
    if len(text) > MAX_CHARACTERS:
        return False
    kinds = {unicodedata.category(letter) for letter in text if letter not in _KEYCAPS}
    drawn = bool(kinds & _SYMBOLS) or "\u20e3" in text
    return drawn and kinds <= _SYMBOLS | _JOINED and not text.isascii()
