from __future__ import annotations

import pytest

from bot.domain.settings import (
    ANSWER_TOKENS,
    LANGUAGE,
    REGISTRY,
    REPLY_TO,
    WINDOW_TOKENS,
    Integer,
    Layer,
    Scope,
    resolve,
)


def layers(**values: dict[str, str]) -> list[Layer]:
    return [Layer(Scope(scope), held) for scope, held in values.items()]


def test_the_most_specific_scope_wins() -> None:
    held = layers(channel={"reply_to": "everything"}, guild={"reply_to": "mentions"})
    found = resolve(REPLY_TO, held)
    assert (found.value, found.scope) == ("everything", Scope.CHANNEL)


def test_a_thread_takes_its_parents_value() -> None:
    held = [Layer(Scope.CHANNEL, {}), Layer(Scope.CHANNEL, {"reply_to": "everything"}), Layer(Scope.GUILD, {})]
    assert resolve(REPLY_TO, held).value == "everything"


def test_without_any_value_the_default_holds_and_says_so() -> None:
    found = resolve(LANGUAGE, [])
    assert (found.value, found.scope) == ("auto", None)


def test_a_scope_that_the_setting_does_not_have_is_ignored() -> None:
    assert resolve(REPLY_TO, layers(person={"reply_to": "everything"})).value == "mentions"


@pytest.mark.parametrize("stored", ["sometimes", ""])
def test_a_stored_value_that_no_longer_parses_counts_as_absent(stored: str) -> None:
    held = layers(channel={"reply_to": stored}, guild={"reply_to": "everything"})
    assert resolve(REPLY_TO, held).value == "everything"


def test_people_lower_the_operators_ceiling_and_never_raise_it() -> None:
    lowered = layers(guild={"window_tokens": "2000"}, operator={"window_tokens": "8000"})
    raised = layers(guild={"window_tokens": "20000"}, operator={"window_tokens": "8000"})
    assert resolve(WINDOW_TOKENS, lowered).value == 2_000
    assert (resolve(WINDOW_TOKENS, raised).value, resolve(WINDOW_TOKENS, raised).scope) == (8_000, Scope.OPERATOR)


def test_numbers_are_taken_as_people_write_them() -> None:
    assert WINDOW_TOKENS.parse(" 12,000 ") == 12_000
    assert ANSWER_TOKENS.parse("1_000") == 1_000


@pytest.mark.parametrize("typed", ["", "many", "12.5", "-1", "999999999"])
def test_numbers_out_of_bounds_are_refused(typed: str) -> None:
    with pytest.raises(ValueError):
        WINDOW_TOKENS.parse(typed)


@pytest.mark.parametrize("setting", REGISTRY.values(), ids=lambda setting: setting.key)
def test_every_default_is_a_value_that_its_setting_takes(setting: object) -> None:
    assert setting.parse(str(setting.default)) == setting.default  # type: ignore[attr-defined]


def test_only_numbers_have_a_ceiling() -> None:
    assert all(isinstance(setting.kind, Integer) for setting in REGISTRY.values() if setting.lower_only)
