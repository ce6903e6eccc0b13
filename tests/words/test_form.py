from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.words import words
from bot.words.form import particle

SYLLABLES = st.characters(min_codepoint=ord("가"), max_codepoint=ord("힣"))
PAIRS = st.sampled_from(["을/를", "이/가", "은/는", "과/와", "아/야", "이라/라", "이에요/예요"])
UNSPOKEN = st.text(alphabet="”’\"'」』》)]}*_~`|.!?… ", max_size=4)


def by_hand(syllable: str) -> str:
    """The final consonant, from the letters that the syllable is made of: empty for none."""
    letters = unicodedata.normalize("NFD", syllable)
    return letters[2:]


@pytest.mark.parametrize(
    ("word", "pair", "said"),
    [
        ("봇", "을/를", "을"),
        ("페르소나", "을/를", "를"),
        ("선생님", "은/는", "은"),
        ("길동무", "이/가", "가"),
        ("민준", "아/야", "아"),
        ("에이다", "이라/라", "라"),
        ("영어", "이에요/예요", "예요"),
        ("멘션과 답장", "이에요/예요", "이에요"),
        ("서울", "으로/로", "로"),
        ("서울", "을/를", "을"),
        ("집", "으로/로", "으로"),
        ("바다", "으로/로", "로"),
        ("あ", "을/를", "을(를)"),
        ("ㅋㅋ", "을/를", "을(를)"),
        ("", "을/를", "을(를)"),
        ("!?", "으로/로", "으로(로)"),
    ],
)
def test_a_particle_follows_the_last_sound(word: str, pair: str, said: str) -> None:
    assert particle(word, pair) == said


@pytest.mark.parametrize(
    ("digit", "said"),
    list(zip("0123456789", ["이", "이", "가", "이", "가", "가", "이", "이", "이", "가"], strict=True)),
)
def test_digits_are_read_in_korean(digit: str, said: str) -> None:
    assert particle(digit, "이/가") == said
    assert particle(f"1{digit}", "이/가") == said
    assert particle(digit, "으로/로") == ("으로" if digit in "036" else "로")


@pytest.mark.parametrize("number", ["10", "100", "1,000", "12,000", "100,000", "1,000,000"])
def test_round_numbers_end_in_a_consonant_that_is_no_rieul(number: str) -> None:
    assert (particle(number, "을/를"), particle(number, "으로/로")) == ("을", "으로")


@pytest.mark.parametrize(
    ("word", "object_", "means"),
    [
        ("bot", "을", "으로"),
        ("Chat", "을", "으로"),
        ("Assistant", "를", "로"),
        ("Tutor", "를", "로"),
        ("Pirate", "를", "로"),
        ("Claude", "를", "로"),
        ("Discord", "를", "로"),
        ("Blog", "를", "로"),
        ("Darling", "을", "으로"),
        ("Companion", "을", "으로"),
        ("team", "을", "으로"),
        ("Tool", "을", "로"),
        ("Google", "을", "로"),
        ("Apple", "을", "로"),
        ("Music", "을", "으로"),
        ("Rick", "을", "으로"),
        ("Bank", "를", "로"),
        ("Chip", "을", "으로"),
        ("Sherlock Holmes", "를", "로"),
        ("gpt-6-luna", "를", "로"),
        ("GPT", "를", "로"),
        ("API", "를", "로"),
        ("LLM", "을", "으로"),
        ("HR", "을", "로"),
        ("SQL", "을", "로"),
        ("Top P", "를", "로"),
        ("페르소나 B", "를", "로"),
        ("봇Tutor", "를", "로"),
    ],
)
def test_latin_words_are_heard_as_koreans_write_them(word: str, object_: str, means: str) -> None:
    assert (particle(word, "을/를"), particle(word, "으로/로")) == (object_, means)


@pytest.mark.parametrize(
    "word",
    [
        "“선생님”",
        "**선생님**",
        "`선생님`",
        "「선생님」",
        "선생님 (나의)",
        "선생님(길동무)",
        "**선생님** [2]",
        "(선생님)",
        "선생님!",
    ],
)
def test_what_is_not_spoken_does_not_count(word: str) -> None:
    assert particle(word, "과/와") == "과"


@given(st.text(max_size=8), SYLLABLES, PAIRS)
def test_a_syllable_with_a_final_consonant_takes_the_first(before: str, syllable: str, pair: str) -> None:
    closed, open_ = pair.split("/")
    assert particle(before + syllable, pair) == (closed if by_hand(syllable) else open_)


@given(SYLLABLES)
def test_rieul_takes_ro_like_a_vowel(syllable: str) -> None:
    assert particle(syllable, "으로/로") == ("로" if by_hand(syllable) in ("", "ᆯ") else "으로")


@given(st.text(alphabet="가각갈봇abtm0137", min_size=1, max_size=6), UNSPOKEN, PAIRS)
def test_closing_marks_change_nothing(word: str, marks: str, pair: str) -> None:
    assert particle(word + marks, pair) == particle(word, pair)


@given(st.text(max_size=12), PAIRS)
def test_whatever_the_word_there_is_a_particle(word: str, pair: str) -> None:
    closed, open_ = pair.split("/")
    assert particle(word, pair) in (closed, open_, f"{closed}({open_})")
    assert particle(f"**{word}**", pair) == particle(word, pair)


@pytest.mark.parametrize(
    ("seconds", "english", "korean"),
    [
        (0.2, "1 second", "1초"),
        (1, "1 second", "1초"),
        (12, "12 seconds", "12초"),
        (60, "60 seconds", "60초"),
        (120, "2 minutes", "2분"),
        (3_600, "60 minutes", "60분"),
        (7_200, "2 hours", "2시간"),
    ],
)
def test_durations_are_words(seconds: float, english: str, korean: str) -> None:
    assert words("en")("{s:duration}", s=seconds) == english
    assert words("ko")("{s:duration}", s=seconds) == korean


def test_fields_speak_their_language() -> None:
    en, ko = words("en-US"), words("ko")
    assert en("{n:number}", n=12_000) == ko("{n:number}", n=12_000) == "12,000"
    assert ko("{name:을/를} 골랐어요", name="봇") == "봇을 골랐어요"
    assert en("{share:.0%} of {name}", share=0.5, name="it") == "50% of it"
    assert en("Without fields { }") == "Without fields { }"


def test_a_number_chooses_the_form() -> None:
    en = words("en")
    said = [en.plural("{n} answer", "{n} answers", n) for n in (0, 1, 2)]
    assert said == ["0 answers", "1 answer", "2 answers"]


@pytest.mark.parametrize(
    ("locale", "said"),
    [("de", "Undo"), (None, "Undo"), ("", "Undo"), ("en-GB", "Undo"), ("ko", "되돌리기"), ("KO-kr", "되돌리기")],
)
def test_a_reader_is_answered_in_their_language_or_in_english(locale: str | None, said: str) -> None:
    assert words(locale)("Undo") == said


def test_nothing_stays_nothing() -> None:
    assert words("ko")("") == words("en")("") == ""


def test_what_no_catalogue_has_is_said_as_it_is() -> None:
    assert words("ko")("No such sentence by {name}.", name="Ada") == "No such sentence by Ada."


def test_a_value_is_never_taken_for_a_field() -> None:
    assert words("en")("Hello {name}.", name="{token}") == "Hello {token}."
