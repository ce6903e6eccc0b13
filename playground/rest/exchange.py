"""One request to the API and its reply: who asks, where, what, and how the answer is written."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from playground import errors, permissions, sight
from playground.entities import Channel, Guild, Json, Message
from playground.gateway.session import Sessions
from playground.interactions import Interactions
from playground.posting import require
from playground.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """`body` None: no content."""

    status: int = 200
    body: Any = None


NOTHING = Reply(status=204)


def ok(body: Any) -> Reply:
    return Reply(body=body)


def snowflake(path: str, value: object) -> int:
    """Raises ApiError where it is no id."""
    text = str(value)
    if not text.isdecimal():
        raise errors.InvalidForm({path: ("NUMBER_TYPE_COERCE", f'Value "{text}" is not snowflake.')})
    return int(text)


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
        if not text.isdecimal() or not low <= int(text) <= high:
            raise errors.InvalidForm({name: ("NUMBER_TYPE_MAX", f"int value should be between {low} and {high}.")})
        return int(text)

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

    async def json(self) -> Any:
        """Raises ApiError. An absent body is an empty object."""
        raw = await self.request.read()
        try:
            return json.loads(raw) if raw else {}
        except ValueError:
            raise errors.invalid_json() from None


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
