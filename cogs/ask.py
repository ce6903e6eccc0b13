"""`/ask`: a question without a mention, in public as a turn of the conversation, or in private as neither."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.app_commands import locale_str as L_
from discord.ext import commands

from bot.client import Causerie
from bot.domain.conversation import Addressing, File, Incoming
from bot.errors import FileUnreadable
from bot.runs.inbox import Full
from bot.words import Words
from bot.words.explain import explain
from cogs import heard
from cogs.caller import Caller, caller
from cogs.chat import full
from cogs.replies import answer_privately


class Ask(commands.Cog):
    def __init__(self, bot: Causerie) -> None:
        self._bot = bot
        self._services = bot.services

    @app_commands.command(name=L_("ask"), description=L_("Ask the model a question"))
    @app_commands.rename(prompt=L_("prompt"), file=L_("file"), private=L_("private"))
    @app_commands.describe(
        prompt=L_("Your question"),
        file=L_("A text file that belongs to it, up to 100 kB"),
        private=L_("Only you see the answer, and the conversation does not remember it"),
    )
    async def ask(
        self,
        interaction: discord.Interaction[Causerie],
        prompt: app_commands.Range[str, 1, 4_000],
        file: discord.Attachment | None = None,
        private: bool = False,
    ) -> None:
        await interaction.response.defer(ephemeral=private, thinking=True)
        asked_by = await caller(interaction, self._services.preferences)
        if not prompt.strip() and file is None:
            _ = asked_by.private
            await _refuse(interaction, _("Your question is empty. Please write one."))
            return
        files = await heard.read_files([file] if file else [])
        if files.skipped:
            await _refuse(interaction, explain(FileUnreadable(files.skipped[0]), asked_by.private))
            return
        self._bot.remember(interaction)
        accepted = await self._services.inbox.accept(_incoming(interaction, asked_by, prompt, files.read, private))
        if isinstance(accepted, Full):
            await _refuse(interaction, (too_many if accepted.private else full)(accepted.waiting, asked_by.private))


async def _refuse(interaction: discord.Interaction[Causerie], text: str) -> None:
    """For its asker alone, in place of the answer that was promised to everybody."""
    await interaction.delete_original_response()
    await answer_privately(interaction, text)


def too_many(open_questions: int, _: Words) -> str:
    return _.plural(
        "{n} private question of yours is not answered yet. Ask again when it is.",
        "{n} private questions of yours are not answered yet. Ask again when one is.",
        open_questions,
    )


def _incoming(
    interaction: discord.Interaction[Causerie],
    asked_by: Caller,
    prompt: str,
    files: tuple[File, ...],
    private: bool,
) -> Incoming:
    return Incoming(
        message_id=interaction.id,
        place=asked_by.place,
        speaker=asked_by.speaker,
        text=prompt,
        addressing=Addressing.COMMAND,
        files=files,
        private=private,
        locale=asked_by.private_locale if private else heard.spoken(asked_by.public_locale, prompt),
    )


async def setup(bot: Causerie) -> None:
    await bot.add_cog(Ask(bot))
