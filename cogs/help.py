"""`/help`: how to talk to the bot, what it remembers, and what its commands do."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.app_commands import locale_str as L_
from discord.ext import commands

from bot.channels.personas import Personas
from bot.client import Causerie
from bot.domain.settings import REPLY_TO
from bot.words import N_, Words
from cogs.caller import Caller, caller
from cogs.replies import answer_privately

_COMMANDS = (
    ("ask", N_("ask without a mention, in private if you like")),
    ("persona show", N_("who I am in this channel")),
    ("persona list", N_("who else I can be")),
    ("persona use", N_("change who I am here")),
    ("persona create", N_("write a persona of your own (Manage Channels)")),
    ("reset", N_("start this conversation anew (Manage Messages)")),
    ("settings set", N_("how I behave here (Manage Channels)")),
    ("preferences", N_("your own settings")),
)


class Help(commands.Cog):
    def __init__(self, bot: Causerie) -> None:
        self._bot = bot
        self._services = bot.services

    @app_commands.command(name=L_("help"), description=L_("What I do and how to use me"))
    async def help(self, interaction: discord.Interaction[Causerie]) -> None:
        asked_by = await caller(interaction, self._services.preferences)
        everything = await self._services.preferences.value(REPLY_TO, asked_by.place) == "everything"
        persona = await self._persona(self._services.personas, asked_by)
        _ = asked_by.private
        text = "\n".join((_how(asked_by, everything, _), "", *self._commands(_), "", _memory(persona, _)))
        await answer_privately(interaction, text)

    def _commands(self, _: Words) -> list[str]:
        return [f"- {self._mention(name)}: {_(text)}" for name, text in _COMMANDS]

    def _mention(self, name: str) -> str:
        """Clickable, and shown under its localised name, once Discord has given it an id."""
        command_id = self._bot.command_ids.get(name.split()[0])
        return f"</{name}:{command_id}>" if command_id else f"`/{name}`"

    @staticmethod
    async def _persona(personas: Personas, asked_by: Caller) -> str:
        return (await personas.current(asked_by.place, asked_by.actor, asked_by.public_locale)).name


def _how(asked_by: Caller, everything: bool, _: Words) -> str:
    if asked_by.place.guild_id is None:
        return _("Here in our direct messages I answer whatever you write.")
    if everything:
        return _("In this channel I answer every message.")
    return _("Mention me or reply to one of my messages, and I answer. Each channel and thread is a conversation.")


def _memory(persona: str, _: Words) -> str:
    return _(
        "I am **{persona}** here. I remember what was said to me in this conversation, and nothing else that is "
        "written. Answers come from a language model and can be wrong.",
        persona=persona,
    )


async def setup(bot: Causerie) -> None:
    await bot.add_cog(Help(bot))
