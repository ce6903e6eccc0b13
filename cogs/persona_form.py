"""The form for writing a persona. What was typed survives a mistake: the refusal has a button that opens it again.

A form may be sent in to a bot that has been restarted since it was opened; only what was refused before is lost then.
"""

from __future__ import annotations

import dataclasses
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import discord
from discord.ext import commands

from bot.client import Causerie
from bot.domain.persona import (
    MAX_GREETING,
    MAX_INSTRUCTIONS,
    MAX_NAME,
    MOST,
    Persona,
    ReasoningEffort,
)
from bot.errors import DraftForgotten, PersonaInvalid, RequestError
from bot.words import Words
from bot.words.explain import explain
from cogs.caller import Caller, caller
from cogs.replies import answer_privately, reporting

NEW = ""
"""The ref of a persona that is not stored yet."""

_FORM = re.compile(r"persona:form:(?P<ref>\d*):\w+")
_AGAIN = re.compile(r"persona:again:(?P<id>\d+)")

MAX_KEPT = 5
"""Refused forms of one person, the newest; each has up to some 5,000 characters."""
MAX_KEEPING = 200
"""People of whom there are any, those whose forms were refused last."""

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


@dataclass(frozen=True, slots=True)
class Draft:
    """What a form holds: not all of it need be valid."""

    persona: Persona
    parameters: str

    @classmethod
    def of(cls, persona: Persona) -> Draft:
        return cls(persona, written(persona))


def blank() -> Persona:
    return Persona(ref=NEW, name="", instructions="")


class PersonaForm(discord.ui.Modal):
    """Five inputs, as many as Discord shows: the sampling parameters share the last one.

    `PersonaForms` takes what was typed, by the form's `custom_id`. discord.py's own forms know only the process that
    opened them, and only once Discord's answer to that has arrived: what comes before, or is sent in to a bot that was
    restarted meanwhile, would be dropped. Each has its own id: Discord's apps for phones show a form whose id they
    have seen as it was then (https://github.com/discord/discord-api-docs/issues/7554).
    """

    def __init__(self, draft: Draft, _: Words) -> None:
        persona = draft.persona
        title = _("New persona") if persona.ref == NEW else _("Edit persona")
        super().__init__(title=title, custom_id=f"persona:form:{persona.ref}:{secrets.token_hex(4)}")
        self._add("name", _("Name"), persona.name, MAX_NAME, required=True)
        self._add("instructions", _("Instructions"), persona.instructions, MAX_INSTRUCTIONS, required=True, long=True)
        self._add("greeting", _("Greeting"), persona.greeting, MAX_GREETING)
        self._add("model", _("Model (empty: the bot's own)"), persona.model or "", 100)
        self._add(
            "parameters",
            _("Parameters"),
            draft.parameters,
            _MAX_PARAMETERS,
            hint="temperature=0.7, top_p=1, reasoning_effort=low",
            description=_TAKEN,
        )
        self.stop()  # discord.py keeps no form that has ended

    def _add(
        self,
        custom_id: str,
        label: str,
        value: str,
        limit: int,
        *,
        required: bool = False,
        long: bool = False,
        hint: str | None = None,
        description: str | None = None,
    ) -> None:
        field: discord.ui.TextInput[PersonaForm] = discord.ui.TextInput(
            custom_id=custom_id,
            style=discord.TextStyle.paragraph if long else discord.TextStyle.short,
            default=value or None,
            max_length=limit,
            required=required,
            placeholder=hint,
        )
        self.add_item(discord.ui.Label(text=label, description=description, component=field))


class Refused:
    """What people typed into forms that were refused, while the bot runs."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, dict[int, Draft]] = OrderedDict()
        """By person, and by the interaction that sent it in; the newest last."""

    def keep(self, user_id: int, id: int, draft: Draft) -> None:
        own = self._kept.pop(user_id, {})
        self._kept[user_id] = dict([*own.items(), (id, draft)][-MAX_KEPT:])
        if len(self._kept) > MAX_KEEPING:
            self._kept.popitem(last=False)

    def of(self, user_id: int, id: int) -> Draft:
        """Raises DraftForgotten, also for somebody else's."""
        try:
            return self._kept[user_id][id]
        except KeyError:
            raise DraftForgotten from None


class PersonaForms(commands.Cog):
    """Takes the forms that people send in, and opens those again that were refused."""

    def __init__(self, bot: Causerie) -> None:
        self._personas = bot.services.personas
        self._preferences = bot.services.preferences
        self._refused = Refused()

    @commands.Cog.listener("on_interaction")
    async def _served(self, interaction: discord.Interaction[Causerie]) -> None:
        data = cast("dict[str, Any]", interaction.data or {})
        custom_id = data.get("custom_id", "")
        async with reporting(interaction):
            if form := _FORM.fullmatch(custom_id):
                await self._take(interaction, _draft(form["ref"], data["components"]))
            elif again := _AGAIN.fullmatch(custom_id):
                await self._reopen(interaction, int(again["id"]))

    async def _take(self, interaction: discord.Interaction[Causerie], draft: Draft) -> None:
        asked_by = await caller(interaction, self._preferences)
        try:
            saved = await self._save(draft, asked_by)
        except RequestError as error:
            self._refused.keep(interaction.user.id, interaction.id, draft)
            await answer_privately(
                interaction, explain(error, asked_by.private), _again(interaction.id, asked_by.private)
            )
            return
        current = await self._personas.current(asked_by.place, asked_by.actor, asked_by.public_locale)
        await answer_privately(interaction, _told(saved, saved.ref == current.ref, asked_by.private))

    async def _save(self, draft: Draft, asked_by: Caller) -> Persona:
        persona = with_parameters(draft.persona, draft.parameters)
        save = self._personas.create if persona.ref == NEW else self._personas.edit
        return await save(asked_by.place, asked_by.actor, persona)

    async def _reopen(self, interaction: discord.Interaction[Causerie], refused: int) -> None:
        draft = self._refused.of(interaction.user.id, refused)
        asked_by = await caller(interaction, self._preferences)
        await interaction.response.send_modal(PersonaForm(draft, asked_by.private))


def _draft(ref: str, components: list[dict[str, Any]]) -> Draft:
    """Of the labels that Discord sends, each with the input in it."""
    inputs = [label["component"] for label in components]
    typed = {each["custom_id"]: each.get("value", "") for each in inputs}
    persona = Persona(
        ref=ref,
        name=typed["name"],
        instructions=typed["instructions"],
        greeting=typed["greeting"],
        model=typed["model"] or None,
    )
    return Draft(persona, typed["parameters"])


def _again(refused: int, _: Words) -> discord.ui.View:
    """The button that opens a form again with everything that was typed."""
    button: discord.ui.Button[discord.ui.View] = discord.ui.Button(
        label=_("Change it"), emoji="✏️", custom_id=f"persona:again:{refused}"
    )
    view = discord.ui.View(timeout=None).add_item(button)
    view.stop()
    return view


def _told(saved: Persona, in_use: bool, _: Words) -> str:
    name = discord.utils.escape_markdown(saved.name)
    if in_use:
        return _("**{name}** is saved. I use it here from the next message on.", name=name)
    return _("**{name}** is saved. `/persona use` puts it to work in a channel.", name=name)


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


async def setup(bot: Causerie) -> None:
    await bot.add_cog(PersonaForms(bot))
