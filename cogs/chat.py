"""Conversation: what is said to the bot becomes a question that waits for its answer."""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary

import discord
import structlog
from discord.ext import commands

from bot.client import Causerie
from bot.domain.conversation import (
    MAX_FILE_BYTES,
    Addressing,
    Incoming,
    Place,
    Quote,
    Speaker,
)
from bot.domain.settings import REPLY_TO
from bot.runs.inbox import Full, Joined, Queued, Seen
from bot.words import Words, words
from cogs import heard
from cogs.replies import shortened

log = structlog.get_logger(__name__)

_CONVERSATION = (discord.MessageType.default, discord.MessageType.reply)


class Chat(commands.Cog):
    def __init__(self, bot: Causerie) -> None:
        self._bot = bot
        self._services = bot.services
        self._explained: set[int] = set()
        """Channels that were told why nothing can be read there: once, since it holds for every message."""
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        if message.author.bot or message.type not in _CONVERSATION:
            return
        # Each message is heard in a task of its own; in a channel they are taken in the order in which they came.
        turn = self._turns.setdefault(message.channel.id, asyncio.Lock())
        try:
            async with turn:
                await self._hear(message)
        except Exception:  # the edge of an event: its asker waits for an answer
            log.exception("message_failed", message=message.id, channel=message.channel.id)
            _ = words(heard.locale_of(message))
            await _reply(message, _("Something went wrong on my side, and your message was not taken. Try it again."))

    @commands.Cog.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        await self._services.departures.channel(channel.id)

    @commands.Cog.listener()
    async def on_raw_thread_delete(self, thread: discord.RawThreadDeleteEvent) -> None:
        await self._services.departures.channel(thread.thread_id)

    async def _hear(self, message: discord.Message) -> None:
        place = heard.place_of(message)
        addressing = await self._addressing(message, place)
        if addressing is None:
            return
        locale = await self._locale(message, place)
        if heard.unreadable(message, self._bot.intents.message_content):
            await self._explain_unreadable(message, addressing, words(locale))
            return
        incoming = await self._incoming(message, place, addressing, locale)
        if incoming is not None:
            await self._take(message, incoming)

    async def _addressing(self, message: discord.Message, place: Place) -> Addressing | None:
        me = self._me
        certain = heard.addressing(message, me, everything=False)
        if certain is not None:
            return certain
        everything = await self._services.preferences.value(REPLY_TO, place) == "everything"
        return heard.addressing(message, me, everything)

    async def _locale(self, message: discord.Message, place: Place) -> str | None:
        """A guild is spoken to in its language, a person in theirs."""
        user_id = message.author.id if place.guild_id is None else None
        return await self._services.preferences.locale(place, heard.locale_of(message), user_id)

    async def _incoming(
        self, message: discord.Message, place: Place, addressing: Addressing, locale: str | None
    ) -> Incoming | None:
        """None where nothing is left to answer; its author has then been told why."""
        _ = words(locale)
        files = await heard.read_files(message.attachments)
        if files.skipped:
            await _reply(message, _skipped(files.skipped, _))
        text = heard.plain(message, self._me)
        quote = await self._quote(message)
        if not text and not files.read and (files.skipped or quote is None):
            if not files.skipped:
                await _reply(message, _("I am listening: write your question after my name. `/help` shows the rest."))
            return None
        return Incoming(
            message_id=message.id,
            place=place,
            speaker=Speaker(user_id=message.author.id, name=message.author.display_name),
            text=text,
            addressing=addressing,
            quote=quote,
            files=files.read,
            locale=locale,
        )

    async def _quote(self, message: discord.Message) -> Quote | None:
        replied = heard.replied_message(message)
        if replied is not None:
            return heard.quote(replied, self._me)
        if isinstance(message.channel, discord.Thread) and not await self._services.inbox.known(message.channel.id):
            return await heard.starter(message.channel, self._me)
        return None

    async def _take(self, message: discord.Message, incoming: Incoming) -> None:
        accepted = await self._services.inbox.accept(incoming)
        match accepted:
            case Queued(ahead=0):
                self._services.signs.leave_out(incoming.message_id)
            case Queued() | Joined():
                self._services.signs.show(incoming.place.channel_id, incoming.message_id)
            case Full(waiting):
                await _reply(message, full(waiting, words(incoming.locale)))
            case Seen():
                log.info("message_seen_twice", message=incoming.message_id)

    async def _explain_unreadable(self, message: discord.Message, addressing: Addressing, _: Words) -> None:
        if addressing is Addressing.EVERYTHING:
            if message.channel.id in self._explained:
                return
            self._explained.add(message.channel.id)
        await _reply(
            message,
            _(
                "Discord does not let me read this message, only those that mention me. Mention me with @, or ask the "
                "bot's operator to switch on the message content intent."
            ),
        )

    @property
    def _me(self) -> discord.ClientUser:
        assert self._bot.user is not None, "messages arrive after login"
        return self._bot.user


def full(waiting: int, _: Words) -> str:
    return _.plural(
        "I did not take this one: {n} question is waiting here already. Ask again when it is answered.",
        "I did not take this one: {n} questions are waiting here already. Ask again when some are answered.",
        waiting,
    )


def _skipped(filenames: tuple[str, ...], _: Words) -> str:
    return _(
        "I read text files of up to {size} kB; this I cannot read: {names}.",
        size=MAX_FILE_BYTES // 1_000,
        names=", ".join(f"`{shortened(name.replace('`', ''), 60)}`" for name in filenames),
    )


async def _reply(message: discord.Message, text: str) -> None:
    """Below the message, or, where it is gone or replies are not allowed, in the channel."""
    text = shortened(text)
    try:
        await message.reply(text, mention_author=False)
    except discord.HTTPException:
        try:
            await message.channel.send(text)
        except discord.HTTPException as error:
            log.info("reply_not_sent", channel=message.channel.id, error=str(error))


async def setup(bot: Causerie) -> None:
    await bot.add_cog(Chat(bot))
