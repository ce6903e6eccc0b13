from __future__ import annotations

import dataclasses

import pytest
from discord.ui import Label

from bot.domain.persona import ReasoningEffort
from bot.errors import PersonaInvalid
from bot.words import words
from bot.words.explain import explain
from cogs.persona_form import Draft, PersonaForm, blank, with_parameters, written


@pytest.mark.parametrize(
    "typed",
    [
        "temperature=0.7, top_p=1",
        "temperature: 0.7\ntop_p: 1",
        "Temperature 0.7; TOP_P 1,",
        "top_p = 1 ,temperature=.7",
    ],
)
def test_parameters_are_taken_in_any_usual_form(typed: str) -> None:
    persona = with_parameters(blank(), typed)
    assert (persona.temperature, persona.top_p, persona.reasoning_effort) == (0.7, 1.0, None)


def test_what_is_written_is_read_back() -> None:
    persona = dataclasses.replace(blank(), temperature=0.2, top_p=0.9, reasoning_effort=ReasoningEffort.LOW)
    assert written(persona) == "temperature=0.2, top_p=0.9, reasoning_effort=low"
    assert with_parameters(blank(), written(persona)) == persona


def test_an_empty_line_clears_them() -> None:
    persona = dataclasses.replace(blank(), temperature=0.2)
    assert with_parameters(persona, "  ") == blank()


@pytest.mark.parametrize("typed", ["warmth=3", "0.7", "temperature", "reasoning_effort=very high"])
def test_what_cannot_be_understood_is_named(typed: str) -> None:
    with pytest.raises(PersonaInvalid) as refused:
        with_parameters(blank(), f"top_p=1, {typed}")
    assert (refused.value.field, refused.value.value) == ("parameters", typed)


@pytest.mark.parametrize(
    ("typed", "english", "korean"),
    [
        ("temperature=hot", "Temperature is a number from 0 to 2. “hot” is not.", "온도는 0에서 2까지의 숫자예요."),
        ("top_p=-.", "Top P is a number from 0 to 1. “-.” is not.", "0에서 1까지의 숫자예요."),
        (
            "Reasoning_Effort: Huge",
            "Reasoning effort is one of `none`, `minimal`, `low`, `medium`, `high`, `xhigh`, `max`. “Huge” is not.",
            "추론 강도는 `none`, `minimal`, `low`, `medium`, `high`, `xhigh`, `max` 중 하나예요. “Huge” 대신",
        ),
    ],
)
def test_a_wrong_value_of_a_parameter_names_what_it_takes(typed: str, english: str, korean: str) -> None:
    with pytest.raises(PersonaInvalid) as refused:
        with_parameters(blank(), f"top_p=1, {typed}")
    assert explain(refused.value, words("en")) == english
    assert korean in explain(refused.value, words("ko"))


async def test_the_form_names_what_parameters_take() -> None:
    form = PersonaForm(Draft.of(blank()), words("ko"))
    described = next(item.description for item in form.children if isinstance(item, Label) and item.description)
    assert all(word in described for word in ("temperature", "top_p", *ReasoningEffort))
