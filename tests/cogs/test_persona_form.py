from __future__ import annotations

import dataclasses

import pytest

from bot.domain.persona import ReasoningEffort
from bot.errors import PersonaInvalid
from cogs.persona_form import blank, with_parameters, written


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


@pytest.mark.parametrize("typed", ["warmth=3", "temperature=hot", "reasoning_effort=heroic", "0.7", "temperature"])
def test_what_cannot_be_understood_is_named(typed: str) -> None:
    with pytest.raises(PersonaInvalid) as refused:
        with_parameters(blank(), f"top_p=1, {typed}")
    assert (refused.value.field, refused.value.value) == ("parameters", typed)
