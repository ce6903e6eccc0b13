from __future__ import annotations

import string

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from bot.words import LOCALES
from bot.words.__main__ import extracted, path


def catalogue(locale: str) -> Catalog:
    with path(locale).open("rb") as file:
        return read_po(file, locale=locale)


def key(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("locale", LOCALES)
def test_a_catalogue_has_every_sentence_of_the_code_and_no_other(locale: str) -> None:
    in_code = {key(message) for message in extracted() if message.id}
    assert {key(message) for message in catalogue(locale) if message.id} == in_code, "run `make words`"
    assert not catalogue(locale).obsolete


def test_every_sentence_is_said_in_korean_with_the_same_fields() -> None:
    for message in catalogue("ko"):
        if not message.id:
            continue
        assert not message.fuzzy
        (said,) = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
        assert said.strip(), message.id
        assert fields(said) == fields(key(message)[-1]), message.id
