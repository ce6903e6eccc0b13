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
    "bounds": (1, 20),
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


@pytest.mark.parametrize(
    ("error", "english", "korean"),
    [
        (errors.RateLimited(12.4), "in 12 seconds.", "12초 뒤에"),
        (errors.Overloaded(0.2), "in 1 second.", "1초 뒤에"),
        (errors.RateLimited(None), "in a minute.", "잠시 뒤에"),
        (errors.PersonaInvalid("name", "x" * 81, 80), "Name is too long: at most 80", "이름이 너무 길어요. 최대 80자"),
        (errors.PersonaInvalid("instructions", ""), "Instructions is empty", "지침이 비어 있어요"),
        (
            errors.PersonaInvalid("temperature", "9", most=2),
            "from 0 to 2. “9” is",
            "온도는 0에서 2까지의 숫자예요. “9”",
        ),
        (errors.PersonaInvalid("top_p", "1.5", most=1), "Top P is a number from 0 to 1", "0에서 1까지의 숫자예요"),
        (errors.PersonaInvalid("parameters", "warmth={9}"), "“warmth={9}” in Parameters", "매개변수의 “warmth={9}”"),
        (errors.PermissionMissing("manage_guild"), "“Manage Server”", "“서버 관리하기” 권한"),
        (errors.LibraryFull(1_000), "1,000 personas", "최대 1,000개"),
    ],
)
def test_an_explanation_says_what_matters(error: errors.CauserieError, english: str, korean: str) -> None:
    assert english in explain(error, words("en"))
    assert korean in explain(error, words("ko"))


@pytest.mark.parametrize(
    ("locale", "before"), [("en", "“`/reset`”. </persona list:7> "), ("ko", "</persona list:7>으로")]
)
def test_commands_that_a_text_names_can_be_clicked(locale: str, before: str) -> None:
    """Not those that somebody typed."""
    mentioning = words(locale).mentioning({"reset": "</reset:6>", "persona list": "</persona list:7>"})
    text = explain(errors.PersonaNotFound("`/reset`"), mentioning)
    assert before in text and "“`/reset`”" in text
    assert "`/" in explain(errors.PersonaNotFound("Plato"), words(locale)), "as they are named elsewhere"
