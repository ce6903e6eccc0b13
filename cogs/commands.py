"""What all slash commands share: their names and descriptions in Korean, errors, and registering them with Discord."""

from __future__ import annotations

import asyncio
import itertools

import discord
import structlog
from discord import app_commands
from discord.ext import commands

from bot.client import Causerie
from bot.words import words
from cogs.replies import explain_failure

log = structlog.get_logger(__name__)

PAUSES = (5.0, 15.0, 60.0, 300.0)
"""Seconds before commands that Discord did not take are registered again."""
LOCALES = (discord.Locale.korean,)
"""Beside English, which the commands are written in."""


class Translator(app_commands.Translator):
    async def translate(
        self, string: app_commands.locale_str, locale: discord.Locale, context: app_commands.TranslationContextTypes
    ) -> str | None:
        return words(locale.value)(string.message) if locale in LOCALES else None


class Commands(commands.Cog):
    def __init__(self, bot: Causerie) -> None:
        self.bot = bot
        self._registering: asyncio.Task[None] | None = None

    async def cog_load(self) -> None:
        self.bot.tree.on_error = explain_failure  # type: ignore[method-assign]
        await self.bot.tree.set_translator(Translator())

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        if self._registering is None:
            self._registering = asyncio.create_task(self._register())

    async def cog_unload(self) -> None:
        if self._registering is not None:
            self._registering.cancel()
            await asyncio.gather(self._registering, return_exceptions=True)

    async def _register(self) -> None:
        pauses = itertools.chain(PAUSES, itertools.repeat(PAUSES[-1]))
        while (registered := await self._registered()) is None:
            await self.bot.services.clock.sleep(next(pauses))
        self.bot.command_ids = {command.name: command.id for command in registered}
        log.info("commands_registered", count=len(registered))

    async def _registered(self) -> list[app_commands.AppCommand] | None:
        """As Discord has them now; None where it did not take them."""
        try:
            return await self.bot.tree.sync()
        except Exception:  # the edge of a background task: Discord may take them a little later
            log.exception("commands_not_registered")
            return None


async def setup(bot: Causerie) -> None:
    await bot.add_cog(Commands(bot))
