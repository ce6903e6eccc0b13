"""The form for writing a persona. What was typed survives a mistake: the refusal has a button that opens it again."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

import discord

from bot.client import Causerie
from bot.domain.persona import (
    MAX_GREETING,
    MAX_INSTRUCTIONS,
    MAX_NAME,
    MOST,
    Persona,
    ReasoningEffort,
)
from bot.errors import PersonaInvalid, RequestError
from bot.words import Words
from bot.words.explain import explain
from cogs.caller import Caller, caller
from cogs.replies import answer_privately, reporting

NEW = ""
"""The ref of a persona that is not stored yet."""

_PARAMETER = re.compile(r"\s*(?P<key>\w+)\s*[:= ]\s*(?P<value>[-\w.]+)\s*")
_PARSERS: dict[str, Callable[[str], float | ReasoningEffort]] = {
    "temperature": float,
    "top_p": float,
    "reasoning_effort": ReasoningEffort,
}
_MAX_PARAMETERS = 200
_TAKEN = ", ".join(
    [*(f"{key} 0–{most}" for key, most in MOST.items()), f"reasoning_effort {'/'.join(ReasoningEffort)}"]
)
"""What the parameters take. Discord shows 100 characters."""


def blank() -> Persona:
    return Persona(ref=NEW, name="", instructions="")


class PersonaForm(discord.ui.Modal):
    """Five inputs, as many as Discord shows: the sampling parameters share the last one."""

    def __init__(self, persona: Persona, _: Words, parameters: str | None = None) -> None:
        super().__init__(title=_("New persona") if persona.ref == NEW else _("Edit persona"), timeout=3_600)
        self._persona = persona
        self._name = self._input(_("Name"), persona.name, MAX_NAME, required=True)
        self._instructions = self._input(
            _("Instructions"), persona.instructions, MAX_INSTRUCTIONS, required=True, long=True
        )
        self._greeting = self._input(_("Greeting"), persona.greeting, MAX_GREETING)
        self._model = self._input(_("Model (empty: the bot's own)"), persona.model or "", 100)
        self._parameters = self._input(
            _("Parameters"),
            written(persona) if parameters is None else parameters,
            _MAX_PARAMETERS,
            hint="temperature=0.7, top_p=1, reasoning_effort=low",
            description=_TAKEN,
        )

    def _input(
        self,
        label: str,
        value: str,
        limit: int,
        *,
        required: bool = False,
        long: bool = False,
        hint: str | None = None,
        description: str | None = None,
    ) -> discord.ui.TextInput[PersonaForm]:
        style = discord.TextStyle.paragraph if long else discord.TextStyle.short
        field: discord.ui.TextInput[PersonaForm] = discord.ui.TextInput(
            style=style, default=value or None, max_length=limit, required=required, placeholder=hint
        )
        self.add_item(discord.ui.Label(text=label, description=description, component=field))
        return field

    async def on_submit(self, interaction: discord.Interaction[Causerie]) -> None:  # type: ignore[override]
        async with reporting(interaction):
            asked_by = await caller(interaction, interaction.client.services.preferences)
            try:
                saved = await self._save(interaction, asked_by)
            except RequestError as error:
                await self._refuse(interaction, error, asked_by)
                return
            personas = interaction.client.services.personas
            current = await personas.current(asked_by.place, asked_by.actor, asked_by.public_locale)
            await answer_privately(interaction, _told(saved, saved.ref == current.ref, asked_by.private))

    async def _save(self, interaction: discord.Interaction[Causerie], asked_by: Caller) -> Persona:
        personas = interaction.client.services.personas
        persona = with_parameters(self._typed(), self._parameters.value)
        save = personas.create if persona.ref == NEW else personas.edit
        return await save(asked_by.place, asked_by.actor, persona)

    def _typed(self) -> Persona:
        return dataclasses.replace(
            self._persona,
            name=self._name.value,
            instructions=self._instructions.value,
            greeting=self._greeting.value,
            model=self._model.value or None,
        )

    async def _refuse(self, interaction: discord.Interaction[Causerie], error: RequestError, asked_by: Caller) -> None:
        again = TryAgain(self._typed(), self._parameters.value, asked_by.private)
        await answer_privately(interaction, explain(error, asked_by.private), again)


def _told(saved: Persona, in_use: bool, _: Words) -> str:
    name = discord.utils.escape_markdown(saved.name)
    if in_use:
        return _("**{name}** is saved. I use it here from the next message on.", name=name)
    return _("**{name}** is saved. `/persona use` puts it to work in a channel.", name=name)


class TryAgain(discord.ui.View):
    """Opens the form again with everything that was typed; for an hour, or until the bot is restarted."""

    def __init__(self, persona: Persona, parameters: str, _: Words) -> None:
        super().__init__(timeout=3_600)
        self._persona = persona
        self._parameters = parameters
        self._words = _
        button: discord.ui.Button[TryAgain] = discord.ui.Button(label=_("Change it"), emoji="✏️")
        button.callback = self._reopen  # type: ignore[method-assign,assignment]
        self.add_item(button)

    async def _reopen(self, interaction: discord.Interaction[Causerie]) -> None:
        async with reporting(interaction):
            await interaction.response.send_modal(PersonaForm(self._persona, self._words, self._parameters))


def written(persona: Persona) -> str:
    values = {
        "temperature": persona.temperature,
        "top_p": persona.top_p,
        "reasoning_effort": persona.reasoning_effort,
    }
    return ", ".join(f"{key}={value}" for key, value in values.items() if value is not None)


def with_parameters(persona: Persona, typed: str) -> Persona:
    """Takes `temperature=0.7, top_p=1`, one a line too, `:` or a space for `=`. Raises PersonaInvalid."""
    values: dict[str, float | ReasoningEffort] = dict(
        _parameter(part) for part in re.split(r"[,;\n]", typed) if part.strip()
    )
    empty = dataclasses.replace(persona, temperature=None, top_p=None, reasoning_effort=None)
    return dataclasses.replace(empty, **values)  # type: ignore[arg-type]


def _parameter(part: str) -> tuple[str, float | ReasoningEffort]:
    found = _PARAMETER.fullmatch(part)
    parse = _PARSERS.get(found["key"].casefold()) if found else None
    if found is None or parse is None:
        raise PersonaInvalid("parameters", part.strip())
    key, value = found["key"].casefold(), found["value"]
    try:
        return key, parse(value.casefold())
    except ValueError:
        options = tuple(ReasoningEffort) if parse is ReasoningEffort else ()
        raise PersonaInvalid(key, value, most=MOST.get(key), options=options) from None
