"""`/persona`: who the model is in a channel, and the library it is chosen from."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.app_commands import Choice
from discord.app_commands import locale_str as L_
from discord.ext import commands

from bot.channels.personas import matching
from bot.client import Causerie
from bot.delivery.split import split
from bot.domain.persona import MAX_NAME, Persona
from bot.domain.settings import Permission
from bot.words import Words
from cogs.caller import Caller, caller
from cogs.persona_form import Draft, PersonaForm, blank
from cogs.replies import answer_privately
from cogs.undo import UndoButton

Name = app_commands.Range[str, 1, MAX_NAME]


class RestorePersona(UndoButton, template=r"persona:restore:(?P<id>\d+)"):
    prefix = "persona:restore"

    async def undo(self, interaction: discord.Interaction[Causerie]) -> None:
        services = interaction.client.services
        asked_by = await caller(interaction, services.preferences)
        persona = await services.personas.restore(asked_by.place, asked_by.actor, self.of)
        _ = asked_by.private
        text = _("**{name}** is back in the library.", name=discord.utils.escape_markdown(persona.name))
        await interaction.response.edit_message(content=text, view=None)


class PersonaCommands(commands.GroupCog, group_name=L_("persona"), group_description=L_("Who I am in this channel")):
    def __init__(self, bot: Causerie) -> None:
        self._services = bot.services
        self._personas = bot.services.personas
        super().__init__()

    @app_commands.command(name=L_("show"), description=L_("Show the persona of this channel, or any other"))
    @app_commands.rename(name=L_("name"))
    @app_commands.describe(name=L_("A persona; leave it out for this channel's"))
    async def show(self, interaction: discord.Interaction[Causerie], name: Name | None = None) -> None:
        asked_by = await self._caller(interaction)
        if name is None:
            persona = await self._personas.current(asked_by.place, asked_by.actor, asked_by.public_locale)
        else:
            persona = await self._personas.find(asked_by.place, asked_by.actor, name, asked_by.public_locale)
        await _answer_in_pages(interaction, _card(persona, asked_by.private))

    @app_commands.command(name=L_("list"), description=L_("List the personas that this channel can use"))
    async def library(self, interaction: discord.Interaction[Causerie]) -> None:
        asked_by = await self._caller(interaction)
        personas = await self._personas.library(asked_by.place, asked_by.actor, asked_by.public_locale)
        current = await self._personas.current(asked_by.place, asked_by.actor, asked_by.public_locale)
        _ = asked_by.private
        lines = [_entry(persona, persona.ref == current.ref, _) for persona in personas]
        await _answer_in_pages(interaction, "\n".join(lines))

    @app_commands.command(name=L_("use"), description=L_("Change the persona of this channel"))
    @app_commands.rename(name=L_("name"))
    @app_commands.describe(name=L_("The persona to use from the next message on"))
    async def use(self, interaction: discord.Interaction[Causerie], name: Name) -> None:
        asked_by = await self._caller(interaction)
        persona = await self._personas.use(asked_by.place, asked_by.actor, name, asked_by.public_locale)
        announcement = _announcement(persona, asked_by)
        if asked_by.place.guild_id is None:
            await interaction.response.send_message(announcement)
            return
        _ = asked_by.private
        shown = discord.utils.escape_markdown(persona.name)
        await answer_privately(interaction, _("This channel now uses **{name}**.", name=shown))
        await interaction.followup.send(announcement)

    @app_commands.command(name=L_("create"), description=L_("Write a new persona"))
    async def create(self, interaction: discord.Interaction[Causerie]) -> None:
        asked_by = await self._caller(interaction)
        asked_by.actor.require_everywhere(Permission.MANAGE_CHANNELS)
        await interaction.response.send_modal(PersonaForm(Draft.of(blank()), asked_by.private))

    @app_commands.command(name=L_("edit"), description=L_("Change a persona"))
    @app_commands.rename(name=L_("name"))
    @app_commands.describe(name=L_("The persona to change"))
    async def edit(self, interaction: discord.Interaction[Causerie], name: Name) -> None:
        asked_by = await self._caller(interaction)
        persona = await self._personas.editable(asked_by.place, asked_by.actor, name, asked_by.public_locale)
        await interaction.response.send_modal(PersonaForm(Draft.of(persona), asked_by.private))

    @app_commands.command(name=L_("delete"), description=L_("Delete a persona from the library"))
    @app_commands.rename(name=L_("name"))
    @app_commands.describe(name=L_("The persona to delete"))
    async def delete(self, interaction: discord.Interaction[Causerie], name: Name) -> None:
        asked_by = await self._caller(interaction)
        deleted = await self._personas.delete(asked_by.place, asked_by.actor, name, asked_by.public_locale)
        _ = asked_by.private
        text = _(
            "**{name}** is deleted. Channels that use it go on with the default persona.",
            name=discord.utils.escape_markdown(deleted.persona.name),
        )
        await answer_privately(interaction, text, RestorePersona(deleted.audit_id, _("Undo")).alone())

    @show.autocomplete("name")
    @use.autocomplete("name")
    @edit.autocomplete("name")
    @delete.autocomplete("name")
    async def _names(self, interaction: discord.Interaction[Causerie], typed: str) -> list[Choice[str]]:
        asked_by = await self._caller(interaction)
        personas = await self._personas.library(asked_by.place, asked_by.actor, asked_by.public_locale)
        if interaction.command is not None and interaction.command.name in ("edit", "delete"):
            personas = tuple(persona for persona in personas if not persona.shipped)
        return [Choice(name=persona.name, value=persona.name) for persona in matching(personas, typed)]

    async def _caller(self, interaction: discord.Interaction[Causerie]) -> Caller:
        return await caller(interaction, self._services.preferences)


def _announcement(persona: Persona, asked_by: Caller) -> str:
    _ = asked_by.public
    text = _(
        "🎭 {person} changed the persona of this channel to **{name}**.",
        person=asked_by.shown_name,
        name=discord.utils.escape_markdown(persona.name),
    )
    return f"{text}\n{persona.greeting}" if persona.greeting else text


def _entry(persona: Persona, current: bool, _: Words) -> str:
    name = discord.utils.escape_markdown(persona.name)
    notes = [note for note, holds in ((_("used here"), current), (_("shipped"), persona.shipped)) if holds]
    first_line = persona.instructions.splitlines()[0]
    summary = first_line if len(first_line) <= 100 else first_line[:99] + "…"
    return f"- **{name}**{' (' + ', '.join(notes) + ')' if notes else ''}: {summary}"


def _card(persona: Persona, _: Words) -> str:
    facts = [
        (_("Model"), persona.model),
        (_("Temperature"), persona.temperature),
        (_("Top P"), persona.top_p),
        (_("Reasoning effort"), persona.reasoning_effort),
        (_("Greeting"), persona.greeting or None),
    ]
    lines = [f"**{discord.utils.escape_markdown(persona.name)}**"]
    lines += [f"{label}: {value}" for label, value in facts if value is not None]
    return "\n".join([*lines, "", persona.instructions])


async def _answer_in_pages(interaction: discord.Interaction[Causerie], text: str) -> None:
    for page in split(text):
        await answer_privately(interaction, page.text)


async def setup(bot: Causerie) -> None:
    bot.add_dynamic_items(RestorePersona)
    await bot.add_cog(PersonaCommands(bot))
