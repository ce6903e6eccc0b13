"""`/reset`: the conversation starts anew, with a way back."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.app_commands import locale_str as L_
from discord.ext import commands

from bot.channels.resets import TooLate
from bot.client import Causerie, Services
from bot.words import Words
from cogs.caller import Caller, caller
from cogs.replies import answer_privately
from cogs.undo import UndoButton


class UndoReset(UndoButton, template=r"reset:undo:(?P<id>\d+)"):
    prefix = "reset:undo"

    async def undo(self, interaction: discord.Interaction[Causerie]) -> None:
        services = interaction.client.services
        asked_by = await caller(interaction, services.preferences)
        undone = await services.resets.undo(self.of, asked_by.place, asked_by.actor)
        if isinstance(undone, TooLate):
            _ = asked_by.private
            await answer_privately(interaction, _("This reset can no longer be undone."))
            return
        persona = await _persona(services, asked_by) if undone.persona_back else None
        text = _undoing(asked_by.shown_name, undone.turns, persona, asked_by.public)
        await interaction.response.edit_message(content=text, view=None)


class Reset(commands.Cog):
    def __init__(self, bot: Causerie) -> None:
        self._services = bot.services

    @app_commands.command(name=L_("reset"), description=L_("Start this conversation anew; the model forgets it"))
    @app_commands.default_permissions(manage_messages=True)
    async def reset(self, interaction: discord.Interaction[Causerie]) -> None:
        asked_by = await caller(interaction, self._services.preferences)
        reset = await self._services.resets.reset(asked_by.place, asked_by.actor)
        for run_id in reset.running:
            self._services.worker.stop_run(run_id)
        self._services.signs.clear(asked_by.place.channel_id, reset.unanswered, waited=True)
        persona = await _persona(self._services, asked_by) if reset.persona_left else None
        _ = asked_by.public
        view = UndoReset(reset.reset_id, _("Undo")).alone()
        text = _announcement(asked_by.shown_name, reset.turns, persona, _)
        await interaction.response.send_message(text, view=view)


async def _persona(services: Services, asked_by: Caller) -> str:
    """The name of the one that the channel uses now."""
    persona = await services.personas.current(asked_by.place, asked_by.actor, asked_by.public_locale)
    return discord.utils.escape_markdown(persona.name)


def _announcement(name: str, turns: int, persona: str | None, _: Words) -> str:
    """`persona` is named if the reset changed it."""
    said = _("🧹 {name} reset this conversation. There was nothing to forget yet.", name=name)
    if turns:
        said = _.plural(
            "🧹 {name} reset this conversation. I forgot {n} answer and what led to it.",
            "🧹 {name} reset this conversation. I forgot {n} answers and what led to them.",
            turns,
            name=name,
        )
    if persona is not None:
        said += " " + _("I am **{persona}** again.", persona=persona)
    if turns or persona is not None:
        said += " " + _("It can be undone for a day.")
    return said


def _undoing(name: str, turns: int, persona: str | None, _: Words) -> str:
    """`persona` is named if the undo changed it."""
    said = _.plural(
        "↩️ {name} undid the reset. I remember {n} answer again.",
        "↩️ {name} undid the reset. I remember {n} answers again.",
        turns,
        name=name,
    )
    return said if persona is None else said + " " + _("I am **{persona}** again.", persona=persona)


async def setup(bot: Causerie) -> None:
    bot.add_dynamic_items(UndoReset)
    await bot.add_cog(Reset(bot))
