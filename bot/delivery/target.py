"""The places in Discord that an answer can go to: a channel, or the interaction of a command."""

from __future__ import annotations

import asyncio
import io
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import discord

from bot.delivery.answer import InteractionKey, Posted
from bot.delivery.calls import ANSWER_SECONDS, NO_HISTORY, Calls, posted
from bot.errors import DeliveryError, DiscordRefused, MessageGone

INVALID_FORM = 50035
EPHEMERAL = 1 << 6
"""A code and the message flag as Discord's documentation has them (Opcodes and Status Codes, Message)."""
INTERACTION_LIFE = timedelta(minutes=14)
"""An interaction's token holds for 15 minutes (Discord's documentation, Receiving and Responding); one to spare."""


class ChannelTarget:
    """Messages in a channel, the first one a reply to `reply_to` if there is one.

    `trigger_id`, the id of the message that is answered, makes a page's nonce: it is new even where the database is.
    `mentioning`: a person whom the messages notify, if their text mentions them; they are a notice, not the answer.
    """

    def __init__(
        self,
        channel: discord.PartialMessageable,
        *,
        reply_to: int | None,
        trigger_id: int,
        calls: Calls,
        mentioning: int | None = None,
    ) -> None:
        self._channel = channel
        self._reply_to = reply_to
        self._trigger_id = trigger_id
        self._mentioning = mentioning
        self._calls = calls

    @property
    def key(self) -> int:
        return self._channel.id

    @property
    def until(self) -> None:
        return None

    async def create(
        self, position: int, text: str, *, previews: bool = False, file: str | None = None, again: bool = False
    ) -> Posted:
        """A reply that Discord refuses, its message being gone or hidden from the bot, is sent as a plain one."""
        if position or self._reply_to is None:
            return await self._send(position, text, previews, file=file)
        try:
            return await self._send(position, text, previews, reply_to=self._reply_to)
        except (DiscordRefused, MessageGone) as error:
            if not _concerns_reply(error):
                raise
        return await self._send(position, text, previews)

    async def edit(self, message_id: int, text: str) -> None:
        message = self._channel.get_partial_message(message_id)
        await self._calls.answer(message.edit(content=text, allowed_mentions=discord.AllowedMentions.none()))

    async def delete(self, message_id: int) -> None:
        await self._calls.answer(self._channel.get_partial_message(message_id).delete())

    async def typing(self) -> None:
        await self._calls.answer(_typing(self._channel))

    async def withdraw(self) -> None:
        return None

    async def _send(
        self, position: int, text: str, previews: bool, *, reply_to: int | None = None, file: str | None = None
    ) -> Posted:
        # discord.py sends enforce_nonce with every nonce: a repeated send gets the first one's message. Discord takes
        # 25 characters, and an id may have 20.
        nonce = f"{self._trigger_id}-{position}" if self._mentioning is None else f"{self._trigger_id}-n"
        quiet = discord.AllowedMentions.none()
        if self._mentioning is not None:
            quiet = quiet.merge(discord.AllowedMentions(users=[discord.Object(self._mentioning)]))
        more: dict[str, Any] = _files(file)
        if reply_to is not None:
            more["reference"] = self._channel.get_partial_message(reply_to).to_reference(fail_if_not_exists=False)
        send = self._channel.send(text, nonce=nonce, allowed_mentions=quiet, suppress_embeds=not previews, **more)
        return await self._calls.answer(send)


def _files(file: str | None) -> dict[str, Any]:
    return {} if file is None else {"file": discord.File(io.BytesIO(file.encode()), filename="answer.md")}


async def _typing(channel: discord.PartialMessageable) -> None:
    await channel.typing()


def _concerns_reply(error: DeliveryError) -> bool:
    if isinstance(error, DiscordRefused):
        return error.code == NO_HISTORY or (error.code == INVALID_FORM and "message_reference" in str(error))
    return isinstance(error, MessageGone)


class InteractionTarget:
    """The answer to a deferred interaction: its response, then follow-ups, as private as the response is.

    Works while the interaction's token does: 15 minutes. Typing is Discord's own "thinking".
    """

    def __init__(self, interaction: discord.Interaction[Any], *, calls: Calls) -> None:
        self._interaction = interaction
        self._calls = calls
        self._original = self._newest = Posted()

    @property
    def key(self) -> InteractionKey:
        return InteractionKey(self._interaction.token, self._interaction.channel_id)

    @property
    def until(self) -> datetime:
        return self._interaction.created_at + INTERACTION_LIFE

    async def create(
        self, position: int, text: str, *, previews: bool = False, file: str | None = None, again: bool = False
    ) -> Posted:
        if position == 0:
            self._original = await self._edit_original(text)
            self._newest = self._original
        else:
            made = await self._made() if again else None
            self._newest = made or await self._follow_up(text, previews, file)
        return self._newest

    async def _follow_up(self, text: str, previews: bool, file: str | None) -> Posted:
        follow_up = self._interaction.followup.send(
            text,
            wait=True,
            ephemeral=bool(self._original.flags & EPHEMERAL),
            suppress_embeds=not previews,
            allowed_mentions=discord.AllowedMentions.none(),
            **_files(file),
        )
        return await self._calls.answer(follow_up)

    async def _made(self) -> Posted | None:
        """The follow-up after the newest one that is known. Webhooks have no nonce by which Discord would know it.

        None also where the channel's history is closed to the bot, and for private answers, which are in no history.
        """
        interaction = self._interaction
        channel = interaction.client.get_partial_messageable(interaction.channel_id or 0)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                async for message in channel.history(after=discord.Object(self._newest.message_id), oldest_first=True):
                    if message.interaction_metadata and message.interaction_metadata.id == interaction.id:
                        return posted(message)
        except (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError):
            return None
        return None

    async def edit(self, message_id: int, text: str) -> None:
        if message_id == self._original.message_id:
            await self._edit_original(text)
            return
        quiet = discord.AllowedMentions.none()
        await self._calls.answer(
            self._interaction.followup.edit_message(message_id, content=text, allowed_mentions=quiet)
        )

    async def delete(self, message_id: int) -> None:
        if message_id == self._original.message_id:
            await self._calls.answer(self._interaction.delete_original_response())
        else:
            await self._calls.answer(self._interaction.followup.delete_message(message_id))

    async def typing(self) -> None:
        return None

    async def withdraw(self) -> None:
        await self._calls.answer(self._interaction.delete_original_response())

    async def _edit_original(self, text: str) -> Posted:
        quiet = discord.AllowedMentions.none()
        return await self._calls.answer(self._interaction.edit_original_response(content=text, allowed_mentions=quiet))
