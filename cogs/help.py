"""`/help`: how to talk to the bot, what it remembers, and what its commands do."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.app_commands import locale_str as L_
from discord.ext import commands

from bot.channels.personas import Personas
from bot.client import Causerie
from bot.domain.conversation import Place
from bot.domain.settings import REPLY_TO
from bot.words import N_, Words
from cogs.caller import Caller, caller
from cogs.replies import MENTIONS_ONLY, answer_privately

_CHANNELS = N_("Manage Channels")
_MESSAGES = N_("Manage Messages")
_COMMANDS = (
    ("ask", N_("ask a question, in private if you like"), None),
    ("persona show", N_("who I am here"), None),
    ("persona list", N_("who else I can be"), None),
    ("persona use", N_("change who I am here"), None),
    ("persona create", N_("write a persona of your own"), _CHANNELS),
    ("persona edit", N_("change a persona that was written here"), _CHANNELS),
    ("persona delete", N_("delete a persona that was written here"), _CHANNELS),
    ("reset", N_("start this conversation anew"), _MESSAGES),
    ("settings set", N_("how I behave here"), _CHANNELS),
    ("preferences", N_("your own settings"), None),
)
"""With the permission that each takes on a server."""


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
        sees_content = self._bot.intents.message_content
        ways = how(asked_by.place, _, everything=everything, sees_content=sees_content)
        text = "\n".join((ways, "", *self._commands(asked_by), "", _memory(persona, _)))
        await answer_privately(interaction, text)

    def _commands(self, asked_by: Caller) -> list[str]:
        _, direct, mentions = asked_by.private, asked_by.place.guild_id is None, self._bot.mentions
        return [
            f"- {mentions.get(name, f'`/{name}`')}: {_(text)}"
            + ("" if direct or permission is None else f" ({_(permission)})")
            for name, text, permission in _COMMANDS
        ]

    @staticmethod
    async def _persona(personas: Personas, asked_by: Caller) -> str:
        return (await personas.current(asked_by.place, asked_by.actor, asked_by.public_locale)).name


def how(place: Place, _: Words, *, everything: bool, sees_content: bool) -> str:
    if place.guild_id is None:
        return _("Here in our direct messages I answer whatever you write.")
    if everything and sees_content:
        return _("In this channel I answer every message.")
    usual = _("Mention me or reply to one of my messages, and I answer. Each channel and thread is a conversation.")
    if not everything:
        return usual
    return " ".join((usual, _("This channel is set to have every message answered."), _(MENTIONS_ONLY)))


def _memory(persona: str, _: Words) -> str:
    return _(
        "I am **{persona}** here. I remember what was said to me in this conversation, and nothing else that is "
        "written. Answers come from a language model and can be wrong.",
        persona=persona,
    )


async def setup(bot: Causerie) -> None:
    await bot.add_cog(Help(bot))
