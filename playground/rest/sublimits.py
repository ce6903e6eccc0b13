"""Which hidden limits a request falls under: some by what it concerns, some by what its body changes."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta

from aiohttp import web

from playground.limits import OLD_EDIT, Hidden
from playground.snowflake import created_at
from playground.world import World

OLD = timedelta(hours=1)
_RENAMED = ("name", "topic")


async def hidden(world: World, rate: str | None, request: web.Request) -> tuple[Hidden, ...]:
    """`rate`: the route's own."""
    find = _BY_RATE.get(rate or "")
    return await find(world, request) if find else ()


async def _channel_of_answer(world: World, request: web.Request) -> tuple[Hidden, ...]:
    interaction = world.interactions_by_token.get(request.match_info["token"])
    if interaction is None:
        return ()
    return (Hidden(rate="interaction.channel", kept_by=str(interaction.channel.id), scope="shared"),)


async def _edit(world: World, request: web.Request) -> tuple[Hidden, ...]:
    message_id = request.match_info["message_id"]
    same = Hidden(rate="message.edit.same", kept_by=message_id)
    # Only ids that can be ids: others are refused later.
    if not message_id.isdecimal() or len(message_id) > 20 or world.clock.now() - created_at(int(message_id)) < OLD:
        return (same,)
    return (same, Hidden(rate="message.edit.old", kept_by=request.match_info["channel_id"], error=OLD_EDIT))


async def _name_or_topic(world: World, request: web.Request) -> tuple[Hidden, ...]:
    try:
        body = json.loads(await request.read())
    except (ValueError, RecursionError, web.HTTPRequestEntityTooLarge):
        return ()
    changed = [field for field in _RENAMED if isinstance(body, dict) and field in body]
    return tuple(Hidden(rate=f"channel.{field}", kept_by=request.match_info["channel_id"]) for field in changed)


_BY_RATE: dict[str, Callable[[World, web.Request], Awaitable[tuple[Hidden, ...]]]] = {
    "interaction.webhook": _channel_of_answer,
    "message.edit": _edit,
    "channel.edit": _name_or_topic,
}
