"""`/reset`: the conversation starts anew, with a way back."""

from __future__ import annotations

import discord
import structlog
from discord import app_commands
from discord.app_commands import locale_str as L_
from discord.ext import commands

from bot.channels.resets import Forgotten, TooLate, Undone
from bot.client import Causerie, Services
from bot.domain.run import Run
from bot.errors import DeliveryError
from bot.words import Words
from cogs.caller import Caller, caller
from cogs.replies import answer_privately
from cogs.undo import UndoButton

log = structlog.get_logger(__name__)


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
        text = undoing(asked_by.shown_name, undone, persona, asked_by.public)
        await interaction.response.edit_message(content=text, view=None)


class Reset(commands.Cog):
    def __init__(self, bot: Causerie) -> None:
        self._bot = bot
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
        text = announcement(asked_by.shown_name, reset, persona, _)
        if reset.turns or reset.persona_left:
            await interaction.response.send_message(text, view=UndoReset(reset.reset_id, _("Undo")).alone())
        else:
            await interaction.response.send_message(text)
        for run in reset.dropped:
            await self._withdraw(run)

    async def _withdraw(self, run: Run) -> None:
        """Discord would go on saying that the bot is thinking of what was asked by command."""
        try:
            await self._bot.target(run).withdraw()
        except DeliveryError as error:
            log.warning("promise_not_withdrawn", run=run.run_id, error=repr(error))


async def _persona(services: Services, asked_by: Caller) -> str:
    """The name of the one that the channel uses now."""
    persona = await services.personas.current(asked_by.place, asked_by.actor, asked_by.public_locale)
    return discord.utils.escape_markdown(persona.name)


def announcement(name: str, reset: Forgotten, persona: str | None, _: Words) -> str:
    """`persona` is named if the reset changed it."""
    said = [_("🧹 {name} reset this conversation.", name=name)]
    if reset.turns:
        said.append(
            _.plural(
                "I forgot {n} answer and what led to it.", "I forgot {n} answers and what led to them.", reset.turns
            )
        )
    if reset.running:
        said.append(_("I stopped the answer that I was writing."))
    if reset.dropped:
        said.append(
            _.plural("I dropped {n} question that waited.", "I dropped {n} questions that waited.", len(reset.dropped))
        )
    if len(said) == 1:
        said.append(_("There was nothing to forget yet."))
    if persona is not None:
        said.append(_("I am **{persona}** again.", persona=persona))
    if reset.turns or persona is not None:
        said.append(_prospect(reset, _))
    return " ".join(said)


def _prospect(reset: Forgotten, _: Words) -> str:
    if reset.running or reset.dropped:
        return _("It can be undone for a day, but what I had not answered has to be asked again.")
    return _("It can be undone for a day.")


def undoing(name: str, undone: Undone, persona: str | None, _: Words) -> str:
    """`persona` is named if the undo changed it."""
    said = [_("↩️ {name} undid the reset.", name=name)]
    if undone.turns:
        said.append(_.plural("I remember {n} answer again.", "I remember {n} answers again.", undone.turns))
    if persona is not None:
        said.append(_("I am **{persona}** again.", persona=persona))
    if undone.lost:
        said.append(_("What I had not answered has to be asked again."))
    return " ".join(said)


async def setup(bot: Causerie) -> None:
    bot.add_dynamic_items(UndoReset)
    await bot.add_cog(Reset(bot))
