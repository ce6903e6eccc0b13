"""What all slash commands share: their names and descriptions in Korean, errors, and registering them with Discord."""

from __future__ import annotations

import asyncio

import discord
import structlog
from discord import app_commands
from discord.ext import commands

from bot.client import Causerie
from bot.words import words
from cogs.replies import explain_failure

log = structlog.get_logger(__name__)

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
        try:
            registered = await self.bot.tree.sync()
        except Exception:  # the edge of a background task: the next connection tries again
            log.exception("commands_not_registered")
            self._registering = None
            return
        self.bot.command_ids = {command.name: command.id for command in registered}
        log.info("commands_registered", count=len(registered))


async def setup(bot: Causerie) -> None:
    await bot.add_cog(Commands(bot))
