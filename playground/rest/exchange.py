"""One request to the API and its reply: who asks, where, what, and how the answer is written."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from playground import errors, permissions, shapes, sight
from playground.entities import Channel, Guild, Json, Message
from playground.gateway.session import Sessions
from playground.interactions import Interactions
from playground.posting import require
from playground.shapes import parsed, snowflake
from playground.world import World

JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """`body` None: no content."""

    status: int = 200
    body: Any = None


NOTHING = Reply(status=204)


def ok(body: Any) -> Reply:
    return Reply(body=body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    world: World
    interactions: Interactions
    sessions: Sessions
    request: web.Request

    def id(self, name: str) -> int:
        """From the path. Raises ApiError where it is no id."""
        return snowflake(name, self.request.match_info[name])

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """From the query. Raises ApiError outside the bounds."""
        text = self.request.query.get(name, str(default))
        number = int(text) if re.fullmatch(r"[0-9]{1,9}", text) else -1
        if not low <= number <= high:
            raise errors.InvalidForm({name: ("NUMBER_TYPE_MAX", f"int value should be between {low} and {high}.")})
        return number

    def guild(self) -> Guild:
        guild = self.world.guilds.get(self.id("guild_id"))
        if guild is None:
            raise errors.unknown_guild()
        return guild

    def channel(self, permission: int = permissions.VIEW_CHANNEL) -> Channel:
        """Raises ApiError where there is none, or the bot lacks the permission there."""
        channel = self.world.channels.get(self.id("channel_id"))
        if channel is None:
            raise errors.unknown_channel()
        require(self.world.bot, channel, permission)
        return channel

    def message(self) -> Message:
        """Private ones exist only for their interaction."""
        channel = self.channel()
        message = channel.by_id.get(self.id("message_id"))
        if message is None or message.deleted_at is not None or message.private:
            raise errors.unknown_message()
        return message

    def shown(self, message: Message) -> Json:
        return sight.message(self.world, message, self.world.privileged)

    async def raw(self) -> bytes:
        """The whole body. Raises ApiError above what the server takes."""
        try:
            return await self.request.read()
        except web.HTTPRequestEntityTooLarge:
            raise errors.file_too_large() from None

    async def json(self, shape: shapes.Shape | None = None) -> Any:
        """Raises ApiError unless it is JSON of that shape."""
        raw = await self.raw()
        if raw and self.request.content_type != JSON:
            raise errors.wrong_content_type(JSON)
        value = parsed(raw)
        return value if shape is None else shapes.read(shape, value)


Handler = Callable[[Exchange], Awaitable[Reply]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """`rate`: the limit it falls under; `major`: the path parameters its bucket is kept by."""

    method: str
    path: str
    handler: Handler
    rate: str | None = None
    major: tuple[str, ...] = ()
    for_interaction: bool = False
    """Opened by the interaction's token instead of the bot's, and outside the global limit."""
