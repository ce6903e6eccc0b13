"""The connection to Discord, and what the rest of the program is handed of it: targets, reactions, posted pages."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import aiohttp
import discord
import structlog
import yarl
from discord import app_commands
from discord.ext import commands

from bot.channels.departures import Departures
from bot.channels.personas import Personas
from bot.channels.preferences import Preferences
from bot.channels.resets import Resets
from bot.clock import Clock
from bot.delivery.answer import Target
from bot.delivery.calls import NO_HISTORY, Calls, translated
from bot.delivery.target import INTERACTION_LIFE, ChannelTarget, InteractionTarget
from bot.domain.run import Run
from bot.errors import DiscordRefused
from bot.runs.inbox import Inbox
from bot.runs.signs import WaitingSigns
from bot.runs.worker import Worker

log = structlog.get_logger(__name__)

T = TypeVar("T")

CLOSING = 5.0
"""Seconds that the gateway gets to answer a goodbye; aiohttp would give it 30."""
WAITING_SIGN = "⏳"
GUILDS_SETTLE = 0.5
"""Seconds without a further guild after which discord.py calls itself ready. Messages are heard before that."""
EXTENSIONS = (
    "cogs.commands",
    "cogs.chat",
    "cogs.ask",
    "cogs.persona",
    "cogs.persona_form",
    "cogs.reset",
    "cogs.settings",
    "cogs.help",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the cogs call."""

    clock: Clock
    inbox: Inbox
    signs: WaitingSigns
    personas: Personas
    preferences: Preferences
    resets: Resets
    departures: Departures
    worker: Worker


def intents(message_content: bool) -> discord.Intents:
    """The fewest that do the work. Message content is privileged: mentions, replies and DMs come without it."""
    chosen = discord.Intents.none()
    chosen.guilds = True
    chosen.guild_messages = True
    chosen.dm_messages = True
    chosen.message_content = message_content
    return chosen


def use_api(url: str) -> None:
    """Points discord.py at an API; the gateway's address comes from there. Holds for the whole process."""
    discord.http.Route.BASE = url.rstrip("/")
    address = yarl.URL(url)
    scheme = "wss" if address.scheme == "https" else "ws"
    if address.host != "discord.com":
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = address.with_scheme(scheme).with_path("/gateway")


discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # this bot has no voice


class Causerie(commands.AutoShardedBot):
    """`services` is set before the connection opens: the cogs need it, and it needs the client."""

    services: Services

    def __init__(self, *, message_content: bool, calls: Calls, trace: aiohttp.TraceConfig) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            intents=intents(message_content),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            guild_ready_timeout=GUILDS_SETTLE,
            http_trace=trace,
        )
        self.calls = calls
        self._logged_in = False
        self.connected = asyncio.Event()
        self._away: set[int] = set()
        """Shards whose connection broke."""
        self.command_ids: dict[str, int] = {}
        """Of the registered slash commands, by name: for mentions of them that people can click."""
        self._interactions: dict[int, tuple[discord.Interaction, datetime]] = {}

    async def setup_hook(self) -> None:
        self._logged_in = True
        for extension in EXTENSIONS:
            await self.load_extension(extension)

    async def close(self) -> None:
        """discord.py's own fails on a client that has not logged in, and waits long for a gateway that is silent."""
        if self._logged_in and not self.is_closed():
            try:
                async with asyncio.timeout(CLOSING):
                    await super().close()
            except TimeoutError:
                log.info("gateway_not_closed", seconds=CLOSING)
        await self.http.close()

    async def on_ready(self) -> None:
        self.connected.set()

    @property
    def online(self) -> bool:
        """Whether every shard hears what happens. discord.py's `is_ready` stays true without a connection."""
        return self.connected.is_set() and not self._away

    async def on_shard_ready(self, shard_id: int) -> None:
        self._away.discard(shard_id)

    async def on_shard_resumed(self, shard_id: int) -> None:
        self._away.discard(shard_id)

    async def on_shard_disconnect(self, shard_id: int) -> None:
        self._away.add(shard_id)

    async def process_commands(self, message: discord.Message, /) -> None:
        """Commands are slash commands; a message is conversation."""

    def channel(self, channel_id: int, guild_id: int | None) -> discord.PartialMessageable:
        return self.get_partial_messageable(channel_id, guild_id=guild_id)

    @property
    def mentions(self) -> dict[str, str]:
        """By a slash command's English name: clickable, and shown under its localised name.

        Empty until Discord has given the commands their ids.
        """
        names = [each.qualified_name for each in self.tree.walk_commands() if isinstance(each, app_commands.Command)]
        ids = {name: self.command_ids.get(name.split()[0]) for name in names}
        return {name: f"</{name}:{command_id}>" for name, command_id in ids.items() if command_id}

    def remember(self, interaction: discord.Interaction) -> None:
        """Keeps a deferred interaction for the run it started, while its token holds."""
        now = datetime.now(UTC)
        self._interactions = {key: kept for key, kept in self._interactions.items() if kept[1] > now}
        self._interactions[interaction.id] = (interaction, interaction.created_at + INTERACTION_LIFE)

    def target(self, run: Run) -> Target:
        """The interaction that started the run, else a message in its channel."""
        interaction, until = self._interactions.pop(run.trigger_message_id, (None, None))
        if interaction is not None and until is not None and until > datetime.now(UTC):
            return InteractionTarget(interaction, calls=self.calls)
        channel = self.channel(run.place.channel_id, run.place.guild_id)
        return ChannelTarget(
            channel, reply_to=run.reply_to_message_id, trigger_id=run.trigger_message_id, calls=self.calls
        )

    def notice(self, run: Run) -> Target:
        """A message in the run's channel that mentions its asker, and may."""
        channel = self.channel(run.place.channel_id, run.place.guild_id)
        return ChannelTarget(
            channel,
            reply_to=None,
            trigger_id=run.trigger_message_id,
            calls=self.calls,
            mentioning=run.asker.user_id,
        )


class DiscordMessages:
    """Reactions on messages and the bot's posted pages, through partial messages: no cache is needed."""

    def __init__(self, client: Causerie) -> None:
        self._client = client

    async def add(self, channel_id: int, message_id: int) -> None:
        await _translated(self._partial(channel_id, message_id).add_reaction(WAITING_SIGN))

    async def remove(self, channel_id: int, message_id: int) -> None:
        user = self._client.user
        assert user is not None
        await _translated(self._partial(channel_id, message_id).remove_reaction(WAITING_SIGN, user))

    async def read(self, channel_id: int, message_id: int) -> str:
        return (await _translated(self._partial(channel_id, message_id).fetch())).content

    async def edit(self, channel_id: int, message_id: int, text: str) -> None:
        await _translated(self._partial(channel_id, message_id).edit(content=text))

    async def send(self, channel_id: int, text: str, reply_to: int | None = None) -> None:
        """A reply to `reply_to` where Discord takes one: it refuses them where history may not be read."""
        channel = self._client.channel(channel_id, None)
        if reply_to is not None:
            reference = channel.get_partial_message(reply_to).to_reference(fail_if_not_exists=False)
            try:
                await _translated(channel.send(text, reference=reference))
                return
            except DiscordRefused as refused:
                if refused.code != NO_HISTORY:
                    raise
        await _translated(channel.send(text))

    def _partial(self, channel_id: int, message_id: int) -> discord.PartialMessage:
        return self._client.channel(channel_id, None).get_partial_message(message_id)


async def _translated(call: Awaitable[T]) -> T:
    """Raises DeliveryError in place of Discord's error."""
    try:
        return await call
    except discord.HTTPException as error:
        raise translated(error) from error
    except (aiohttp.ClientError, OSError) as error:
        raise DiscordRefused(0, 0, str(error) or type(error).__name__) from error
