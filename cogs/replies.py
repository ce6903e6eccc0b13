"""Answers to commands, buttons and modals, and what people read when one of them fails."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import discord
import structlog
from discord import app_commands

from bot.delivery.split import LIMIT
from bot.errors import CauserieError
from bot.words import N_, Words, words
from bot.words.explain import explain
from cogs.caller import caller

if TYPE_CHECKING:
    from bot.client import Causerie

log = structlog.get_logger(__name__)

MENTIONS_ONLY = N_(
    "So far Discord lets me read only messages that mention me. For the others the bot's operator has to switch on the "
    "message content intent (`CAUSERIE_MESSAGE_CONTENT`, see docs/configuration.md)."
)
"""Where every message is to be answered, of a bot that has not asked for that intent."""


def shortened(text: str, limit: int = LIMIT) -> str:
    """In UTF-16 units, as Discord counts: a refusal may repeat what somebody typed, of any length."""
    units = text.encode("utf-16-le", errors="replace")
    if len(units) <= 2 * limit:
        return text
    return units[: 2 * (limit - 1)].decode("utf-16-le", errors="ignore") + "…"


async def answer_privately(interaction: discord.Interaction, text: str, view: discord.ui.View | None = None) -> None:
    """Whether or not the interaction was acknowledged before."""
    text = shortened(text)
    shown = discord.utils.MISSING if view is None else view
    if interaction.response.is_done():
        await interaction.followup.send(text, view=shown, ephemeral=True)
    else:
        await interaction.response.send_message(text, view=shown, ephemeral=True)


async def explain_failure(interaction: discord.Interaction[Causerie], error: BaseException) -> None:
    """Tells the person; an error that nobody foresaw is logged under the id that they read."""
    if isinstance(error, app_commands.CommandInvokeError):
        error = error.original
    _ = await _words(interaction)
    if isinstance(error, CauserieError):
        text = explain(error, _)
    else:
        error_id = uuid.uuid4().hex[:8]
        log.error("command_failed", error_id=error_id, user=interaction.user.id, exc_info=error)
        text = _("Something went wrong on my side. Tell the bot's operator this number: `{id}`.", id=error_id)
    try:
        await answer_privately(interaction, text)
    except discord.HTTPException as refused:
        log.warning("failure_not_shown", error=str(refused))


async def _words(interaction: discord.Interaction[Causerie]) -> Words:
    """In the language that the person chose, if that can still be found out."""
    services = getattr(interaction.client, "services", None)
    try:
        return (await caller(interaction, services.preferences)).private if services else words(None)
    except Exception as error:  # a second failure must not hide the first
        log.warning("language_unknown", error=repr(error))
        return words(interaction.locale.value)


@asynccontextmanager
async def reporting(interaction: discord.Interaction[Causerie]) -> AsyncIterator[None]:
    """For buttons and modals, which the command tree's error handler does not cover."""
    try:
        yield
    except Exception as error:  # the edge of an interaction: a person waits for an answer
        await explain_failure(interaction, error)
