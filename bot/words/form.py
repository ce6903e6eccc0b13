"""Fields of a sentence: `{name}` as in `str.format`, with some specifications of its own.

`{n:number}` groups digits as the language does. `{wait:duration}` turns seconds into words. `{name:을/를}` puts the
Korean particle behind the value that its last sound calls for: the first after a consonant, the second after a vowel;
`으로/로` takes the second after ㄹ too. What is not spoken (quotes, Markdown, a remark in brackets at the end) does not
count. Latin words are heard as Koreans write them: a final consonant closes the syllable where it follows a vowel
(봇, 팀) and otherwise gets a vowel of its own (어시스턴트); words of capitals are spelled (지피티, 엘엘엠).
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from babel.dates import format_timedelta
from babel.numbers import format_decimal

_PARTICLES = frozenset({"을/를", "이/가", "은/는", "과/와", "으로/로", "아/야", "이라/라", "이에요/예요"})
_RIEUL = 8
# As they are read: 영 일 이 삼 사 오 육 칠 팔 구. The final consonant's index in Unicode's Hangul order, 0 for none.
_DIGITS = {"0": 21, "1": _RIEUL, "2": 0, "3": 16, "4": 0, "5": 0, "6": 1, "7": _RIEUL, "8": _RIEUL, "9": 0}
# Ends of Latin words that are heard as a closed syllable, and letters whose names are one. D and G (보드, 블로그), and
# R, S and their like, are not among the ends.
_ENDS = (
    (re.compile(r"l+$|[^aeiouyrwl]le$"), _RIEUL),
    (re.compile(r"m$"), 16),
    (re.compile(r"n$"), 4),
    (re.compile(r"ng$"), 21),
    (re.compile(r"[aeiouy](c|k|ck)$"), 1),
    (re.compile(r"[aeiouy][bp]$"), 17),
    (re.compile(r"[aeiouy]t$"), 19),
)
_NAMES = {"L": _RIEUL, "M": 16, "N": 4, "R": _RIEUL}
_REMARK = re.compile(r"(?<=[^\W_])[\s*_~`|]*(\([^()]*\)|\[[^\[\]]*\])\W*$")


class Form(string.Formatter):
    def __init__(self, locale: str) -> None:
        self._locale = locale

    def get_value(self, key: int | str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        return kwargs[str(key)]

    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec == "number":
            return str(format_decimal(value, locale=self._locale))
        if format_spec == "duration":
            return str(format_timedelta(value, threshold=1.5, locale=self._locale))
        if format_spec in _PARTICLES:
            return f"{value}{particle(str(value), format_spec)}"
        return str(super().format_field(value, format_spec))


def particle(word: str, pair: str) -> str:
    """The one of a pair `closed/open` that follows `word`; both, as `을(를)`, where the sound is not known."""
    closed, open_ = pair.split("/")
    final = _final(word)
    if final is None:
        return f"{closed}({open_})"
    if final == 0 or (final == _RIEUL and pair == "으로/로"):
        return open_
    return closed


def _final(word: str) -> int | None:
    """The final consonant's index in the last syllable that is spoken; 0 for none, None if unknown."""
    spoken = _REMARK.sub("", unicodedata.normalize("NFC", word))
    for end, letter in reversed(tuple(enumerate(spoken, start=1))):
        if "가" <= letter <= "힣":
            return (ord(letter) - ord("가")) % 28
        if letter in _DIGITS:
            return _DIGITS[letter]
        if letter.isascii() and letter.isalpha():
            return _latin(spoken[:end])
        if letter.isalpha():
            return None
    return None


def _latin(text: str) -> int:
    """Of the Latin word at the end of `text`."""
    word = re.split(r"[^A-Za-z]", text)[-1]
    if word.isupper():
        return _NAMES.get(word[-1], 0)
    return next((final for end, final in _ENDS if end.search(word.lower())), 0)
