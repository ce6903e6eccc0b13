"""The application: itself, where its gateway is, and its commands."""

from __future__ import annotations

import math

from playground import commands, errors, events, payloads
from playground.entities import Json
from playground.gateway import socket
from playground.gateway.session import STARTS_A_DAY
from playground.rest import bodies
from playground.rest.exchange import Exchange, Reply, Route, ok


async def application(exchange: Exchange) -> Reply:
    if "application_id" in exchange.request.match_info:
        _require_own(exchange)
    return ok(payloads.application(exchange.world))


async def gateway(exchange: Exchange) -> Reply:
    return ok({"url": socket.address(exchange.request)})


async def gateway_for_bot(exchange: Exchange) -> Reply:
    sessions = exchange.sessions
    start = {
        "total": STARTS_A_DAY,
        "remaining": sessions.starts_left,
        "reset_after": math.ceil(sessions.starts_reset_after * 1000),
        "max_concurrency": sessions.max_concurrency,
    }
    return ok({"url": socket.address(exchange.request), "shards": exchange.world.shards, "session_start_limit": start})


async def list_commands(exchange: Exchange) -> Reply:
    _require_own(exchange)
    return ok(exchange.world.commands.registered(_guild_id(exchange)))


async def overwrite_commands(exchange: Exchange) -> Reply:
    _require_own(exchange)
    guild_id = _guild_id(exchange)
    definitions: list[Json] = await exchange.json(bodies.COMMANDS)
    registered = exchange.world.commands.overwrite(guild_id, definitions)
    exchange.world.emit(events.CommandsRegistered(exchange.world.guilds[guild_id] if guild_id else None))
    return ok(registered)


async def create_command(exchange: Exchange) -> Reply:
    _require_own(exchange)
    guild_id = _guild_id(exchange)
    definition: Json = await exchange.json(bodies.COMMAND)
    commands.check_one(definition)
    type, name = definition.get("type") or 1, definition.get("name")
    known = exchange.world.commands.registered(guild_id)
    kept = [command for command in known if (command["type"], command["name"]) != (type, name)]
    registered = exchange.world.commands.overwrite(guild_id, [*kept, definition])
    exchange.world.emit(events.CommandsRegistered(exchange.world.guilds[guild_id] if guild_id else None))
    return Reply(status=201 if len(kept) == len(known) else 200, body=registered[-1])


async def command(exchange: Exchange) -> Reply:
    _require_own(exchange)
    wanted = str(exchange.id("command_id"))
    for known in exchange.world.commands.registered(_guild_id(exchange)):
        if known["id"] == wanted:
            return ok(known)
    raise errors.unknown_command()


def _guild_id(exchange: Exchange) -> int | None:
    return exchange.guild().id if "guild_id" in exchange.request.match_info else None


def _require_own(exchange: Exchange) -> None:
    if exchange.id("application_id") != exchange.world.bot.id:
        raise errors.ApiError(404, 10002, "Unknown Application")


_ROOTS = ("/applications/{application_id}/commands", "/applications/{application_id}/guilds/{guild_id}/commands")

ROUTES = (
    Route(method="GET", path="/oauth2/applications/@me", handler=application),
    Route(method="GET", path="/applications/@me", handler=application),
    Route(method="GET", path="/applications/{application_id}", handler=application),
    Route(method="GET", path="/gateway", handler=gateway),
    Route(method="GET", path="/gateway/bot", handler=gateway_for_bot),
    *(Route(method="GET", path=root, handler=list_commands) for root in _ROOTS),
    *(Route(method="PUT", path=root, handler=overwrite_commands) for root in _ROOTS),
    *(Route(method="POST", path=root, handler=create_command) for root in _ROOTS),
    *(Route(method="GET", path=root + "/{command_id}", handler=command) for root in _ROOTS),
)
