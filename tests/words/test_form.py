from __future__ import annotations

import pytest

from bot.words import words
from bot.words.form import particle


@pytest.mark.parametrize(
    ("word", "pair", "said"),
    [
        ("봇", "을/를", "을"),
        ("페르소나", "을/를", "를"),
        ("서울", "으로/로", "로"),
        ("집", "으로/로", "으로"),
        ("바다", "으로/로", "로"),
        ("3", "이/가", "이"),
        ("2", "이/가", "가"),
        ("10", "은/는", "은"),
        ("Tutor", "을/를", "를"),
        ("bot", "을/를", "을"),
        ("“선생님”", "을/를", "을"),
        ("**길동무**", "과/와", "와"),
        ("あ", "을/를", "을(를)"),
        ("", "을/를", "을(를)"),
    ],
)
def test_a_particle_follows_the_last_sound(word: str, pair: str, said: str) -> None:
    assert particle(word, pair) == said


def test_fields_speak_their_language() -> None:
    en, ko = words("en-US"), words("ko")
    assert en("Wait {s:duration}.", s=12) == "Wait 12 seconds."
    assert ko("{s:duration}", s=12) == "12초"
    assert en("{n:number}", n=12_000) == "12,000"
    assert ko("{name:을/를} 골랐어요", name="봇") == "봇을 골랐어요"


def test_an_unknown_language_is_answered_in_english() -> None:
    assert words("de")("Undo") == words(None)("Undo") == "Undo"
    assert words("ko")("Undo") == "되돌리기"


def test_a_value_is_never_taken_for_a_field() -> None:
    assert words("en")("Hello {name}.", name="{token}") == "Hello {token}."
