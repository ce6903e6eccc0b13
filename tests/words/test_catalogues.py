from __future__ import annotations

import re
import string

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from bot.words import LOCALES
from bot.words.__main__ import extracted, path

COMMON = {"", "number", "duration"}
PARTICLES = {"을/를", "이/가", "은/는", "과/와", "으로/로", "아/야", "이라/라", "이에요/예요"}
POLITE = ("요", "세요", "니다")


def catalogue(locale: str) -> Catalog:
    with path(locale).open("rb") as file:
        return read_po(file, locale=locale)


def key(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def said(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def fields(text: str) -> set[tuple[str, str]]:
    """Names with their specifications, particles left out."""
    parsed = string.Formatter().parse(text)
    return {(name, "" if spec in PARTICLES else spec or "") for _, name, spec, _ in parsed if name is not None}


def specifications(text: str) -> set[str]:
    return {spec or "" for _, name, spec, _ in string.Formatter().parse(text) if name is not None}


SENTENCES = tuple(message for message in catalogue("ko") if message.id)
each_sentence = pytest.mark.parametrize("message", SENTENCES, ids=lambda message: key(message)[0][:40])


@pytest.mark.parametrize("locale", LOCALES)
def test_a_catalogue_has_every_sentence_of_the_code_and_no_other(locale: str) -> None:
    in_code = {key(message) for message in extracted() if message.id}
    assert {key(message) for message in catalogue(locale) if message.id} == in_code, "run `make words`"
    assert not catalogue(locale).obsolete


@each_sentence
def test_every_sentence_is_said_in_korean_with_the_same_fields(message: Message) -> None:
    assert not message.fuzzy
    (korean,) = said(message)
    assert korean.strip()
    assert fields(korean) == fields(key(message)[-1])
    assert specifications(korean) <= COMMON | PARTICLES


@each_sentence
def test_english_knows_no_particles(message: Message) -> None:
    assert all(specifications(english) <= COMMON for english in key(message))


@each_sentence
def test_a_sentence_in_korean_is_polite(message: Message) -> None:
    """A full sentence, as opposed to a label, ends as one speaks to somebody one does not know."""
    (korean,) = said(message)
    ending = korean.rstrip("…:.!?) ")
    if key(message)[0].endswith(".") and not korean.endswith(("}", "}.", "`")):
        assert ending.endswith(POLITE), korean


@each_sentence
def test_commands_have_the_names_that_discord_shows_koreans(message: Message) -> None:
    names = {key(each)[0]: said(each)[0] for each in SENTENCES}
    commands = re.findall("`/([a-z ]+)`", key(message)[0])
    (korean,) = said(message)
    assert re.findall("`/([^`]+)`", korean) == [" ".join(names[word] for word in each.split()) for each in commands]


def test_english_is_said_as_it_is_in_the_code() -> None:
    for message in catalogue("en"):
        if message.id:
            assert all(english in ("", source) for english, source in zip(said(message), key(message), strict=False))
