from __future__ import annotations

import dataclasses

import pytest
from discord.ui import Label

from bot.domain.persona import ReasoningEffort
from bot.errors import DraftForgotten, PersonaInvalid
from bot.words import words
from bot.words.explain import explain
from cogs.persona_form import MAX_KEEPING, MAX_KEPT, Draft, PersonaForm, Refused, blank, with_parameters, written


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


def test_a_refused_form_is_kept_for_its_writer_alone() -> None:
    refused = Refused()
    refused.keep(1, 10, Draft(blank(), "warmth=1"))
    assert refused.of(1, 10).parameters == "warmth=1"
    for user_id, id in ((2, 10), (1, 11)):
        with pytest.raises(DraftForgotten):
            refused.of(user_id, id)


def test_who_is_refused_often_drives_out_nobody_else() -> None:
    refused = Refused()
    refused.keep(1, 0, Draft(blank(), "mine"))
    for number in range(3 * MAX_KEEPING):
        refused.keep(2, number, Draft(blank(), str(number)))
    assert refused.of(1, 0).parameters == "mine"
    newest = range(3 * MAX_KEEPING - MAX_KEPT, 3 * MAX_KEEPING)
    assert [refused.of(2, number).parameters for number in newest] == [str(number) for number in newest]
    with pytest.raises(DraftForgotten):
        refused.of(2, newest[0] - 1)
    for person in range(3, 3 + MAX_KEEPING):
        refused.keep(person, 0, Draft(blank(), ""))
    with pytest.raises(DraftForgotten):
        refused.of(1, 0)
