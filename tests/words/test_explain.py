from __future__ import annotations

import inspect
from collections.abc import Iterator

import pytest

from bot import errors
from bot.words import words
from bot.words.explain import explain

VALUES: dict[str, object] = {
    "problems": (("DISCORD_TOKEN", "is missing."),),
    "port": 8081,
    "limit": 80,
    "retry_after": 12.0,
    "status": 500,
    "code": 0,
    "permission": "manage_messages",
    "field": "name",
    "param": None,
    "request_id": None,
}


def leaves(kind: type[errors.CauserieError]) -> Iterator[type[errors.CauserieError]]:
    below = kind.__subclasses__()
    if not below:
        yield kind
    for each in below:
        yield from leaves(each)


def made(kind: type[errors.CauserieError]) -> errors.CauserieError:
    if kind.__init__ is Exception.__init__:
        return kind()
    parameters = inspect.signature(kind).parameters.values()
    wanted = [each for each in parameters if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)]
    return kind(**{each.name: VALUES.get(each.name, f"<{each.name}>") for each in wanted})


@pytest.mark.parametrize("kind", tuple(leaves(errors.CauserieError)), ids=lambda kind: kind.__name__)
def test_every_error_is_explained_in_both_languages(kind: type[errors.CauserieError]) -> None:
    said = {locale: explain(made(kind), words(locale)) for locale in ("en", "ko")}
    assert all(text and "{" not in text for text in said.values())
    general = explain(Exception(), words("en"))
    assert said["en"] != general
    if not issubclass(kind, errors.ConfigurationError):
        assert said["en"] != said["ko"]


def test_an_error_of_nobodys_is_explained_too() -> None:
    assert explain(ZeroDivisionError(), words("ko")).startswith("제 쪽에")
