"""Requests by which people act, and those that look at the world or change it from outside."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web

from playground import permissions, posting
from playground.api import bodies, views
from playground.api.local import PREFIX, body, guarded, query, reply
from playground.entities import Channel, Guild, Json, Message
from playground.errors import (
    Impossible,
    InvalidForm,
    missing_access,
    unknown_channel,
    unknown_guild,
    unknown_interaction,
    unknown_message,
)
from playground.gateway import session
from playground.gateway.session import Sessions
from playground.limits import Limits, Rate, WrongRate
from playground.people import Invocation, People, Person
from playground.shapes import snowflake
from playground.timeline import Timeline
from playground.world import World


@dataclass(frozen=True, slots=True)
class Place:
    """What the requests act on."""

    world: World
    people: People
    limits: Limits
    sessions: Sessions
    timeline: Timeline

    def person(self, given: Json) -> Person:
        return self.people.person(int(given["user_id"]))

    def channel(self, id: str) -> Channel:
        channel = self.world.channels.get(snowflake("channel_id", id))
        if channel is None:
            raise unknown_channel()
        return channel

    def message(self, request: web.Request) -> Message:
        channel = self.channel(request.match_info["channel_id"])
        return self.message_in(channel, request.match_info["message_id"])

    def message_in(self, channel: Channel, id: str) -> Message:
        message = channel.by_id.get(snowflake("message_id", id))
        if message is None or message.deleted_at is not None:
            raise unknown_message()
        return message

    def message_anywhere(self, id: int) -> Message:
        for channel in self.world.channels.values():
            if id in channel.by_id:
                return self.message_in(channel, str(id))
        raise unknown_message()

    def guild(self, id: str) -> Guild:
        guild = self.world.guilds.get(snowflake("guild_id", id))
        if guild is None:
            raise unknown_guild()
        return guild


Action = Callable[[Place, web.Request], Awaitable[web.StreamResponse]]


def routes(world: World, people: People, limits: Limits, sessions: Sessions) -> list[web.RouteDef]:
    place = Place(world, people, limits, sessions, Timeline(world))
    return [web.route(method, PREFIX + path, guarded(partial(action, place))) for method, path, action in ACTIONS]


async def state(place: Place, request: web.Request) -> web.Response:
    return reply(views.state(place.world, place.sessions))


async def history(place: Place, request: web.Request) -> web.Response:
    given = query(request, bodies.HISTORY)
    channel = place.channel(request.match_info["channel_id"])
    person = place.person(given)
    before = int(given.get("before", 0))
    if not permissions.allows(person.user, channel, permissions.VIEW_CHANNEL):
        raise missing_access()
    versions = given.get("versions") == "1"
    seen = [message for message in person.messages(channel) if not before or message.id < before]
    messages = seen[-max(1, int(given.get("limit", 200))) :]
    return reply({"messages": [views.message(place.world, message, versions=versions) for message in messages]})


async def say(place: Place, request: web.Request) -> web.Response:
    given = await body(request, bodies.SAY)
    channel = place.channel(request.match_info["channel_id"])
    replied = place.message_in(channel, given["reply_to"]) if "reply_to" in given else None
    message = await place.person(given).say(
        channel,
        given.get("content") or "",
        reply_to=replied,
        files=[_file(each) for each in given.get("files") or []],
        ping=given.get("ping", True),
    )
    return reply(views.message(place.world, message), 201)


async def edit(place: Place, request: web.Request) -> web.Response:
    given = await body(request, bodies.EDIT)
    message = place.message(request)
    await place.person(given).edit(message, given["content"])
    return reply(views.message(place.world, message))


async def delete(place: Place, request: web.Request) -> web.Response:
    await place.person(query(request, bodies.BY_USER)).delete(place.message(request))
    return web.Response(status=204)


async def react(place: Place, request: web.Request) -> web.Response:
    """PUT sets, DELETE takes back."""
    given = await body(request, bodies.REACTION) if request.method == "PUT" else query(request, bodies.REACTION)
    person, message = place.person(given), place.message(request)
    await (person.react if request.method == "PUT" else person.unreact)(message, given["emoji"])
    return web.Response(status=204)


async def type(place: Place, request: web.Request) -> web.Response:
    await place.person(await body(request, bodies.BY_USER)).type(place.channel(request.match_info["channel_id"]))
    return web.Response(status=204)


async def open_thread(place: Place, request: web.Request) -> web.Response:
    given = await body(request, bodies.THREAD)
    channel = place.channel(request.match_info["channel_id"])
    opened_on = place.message_in(channel, given["message_id"]) if "message_id" in given else None
    thread = await place.person(given).open_thread(channel, given["name"], opened_on)
    return reply(views.channel(thread), 201)


async def post(place: Place, request: web.Request) -> web.Response:
    """A thread of a forum, with the message it begins with."""
    given = await body(request, bodies.POST)
    thread = await place.person(given).post(
        place.channel(request.match_info["channel_id"]),
        given["name"],
        given.get("content") or "",
        tags=given.get("tags") or (),
        files=[_file(each) for each in given.get("files") or []],
    )
    return reply(views.channel(thread), 201)


async def list_commands(place: Place, request: web.Request) -> web.Response:
    given = query(request, bodies.OFFERED)
    user, channel, known = place.person(given).user, place.channel(given["channel_id"]), place.world.commands
    posting.require(user, channel, permissions.VIEW_CHANNEL)
    offered = [views.command(each, user.locale) for each in known.offered(user, channel)]
    names = {each.name: views.command_name(each, user.locale) for each in known.known(channel)}
    return reply({"commands": offered, "names": names})


async def use_command(place: Place, request: web.Request) -> web.Response:
    """A slash command with `options`, or with `target_id` a command of a message's or person's menu."""
    given = await body(request, bodies.COMMAND)
    person, channel = place.person(given), place.channel(request.match_info["channel_id"])
    if "target_id" in given:
        id = int(given["target_id"])
        target = channel.by_id.get(id) or place.people.person(id).user
        return await _answered(place, await person.menu(target, given["name"], channel))
    values = {name: _unpacked(value) for name, value in given.get("options", {}).items()}
    return await _answered(place, person.use_command(channel, given["name"], values))


async def autocomplete(place: Place, request: web.Request) -> web.Response:
    given = await body(request, bodies.AUTOCOMPLETE)
    channel = place.channel(request.match_info["channel_id"])
    # Files are not uploaded before the command is used.
    values = {name: value for name, value in given.get("options", {}).items() if isinstance(value, str | int | float)}
    choices = await place.person(given).autocomplete(
        channel, given["name"], given["option"], given.get("value", ""), **values
    )
    return reply({"choices": choices})


async def press(place: Place, request: web.Request) -> web.Response:
    given = await body(request, bodies.PRESS)
    message = place.message_anywhere(int(given["message_id"]))
    invocation = await place.person(given).click(message, given["custom_id"], *given.get("values", ()))
    return await _answered(place, invocation)


async def submit(place: Place, request: web.Request) -> web.Response:
    given = await body(request, bodies.SUBMIT)
    interaction = place.world.interactions.get(int(given["interaction_id"]))
    if interaction is None or interaction.modal is None:
        raise unknown_interaction()
    values = {name: _unpacked(value) for name, value in given.get("values", {}).items()}
    return await _answered(place, await place.person(given).submit(interaction.modal, values))


async def limits(place: Place, request: web.Request) -> web.Response:
    return reply(views.limits(place.world, place.limits))


async def runs(place: Place, request: web.Request) -> web.Response:
    found = place.timeline.seen_by(place.person(query(request, bodies.BY_USER)).user)
    return reply({"runs": [views.run(each) for each in found]})


async def set_limit(place: Place, request: web.Request) -> web.Response:
    """`calls` null lifts it."""
    given = await body(request, bodies.LIMIT)
    if "calls" not in given:
        raise InvalidForm({"calls": ("BASE_TYPE_REQUIRED", "This field is required; null lifts the limit")})
    calls = given["calls"]
    try:
        rate = None if calls is None else Rate(calls, 1.0 if given.get("seconds") is None else given["seconds"])
        place.limits.set_rate(request.match_info["name"], rate)
    except WrongRate as error:
        raise InvalidForm({key: ("RATE_INVALID", told) for key, told in error.problems.items()}) from None
    return web.Response(status=204)


async def gateway(place: Place, request: web.Request) -> web.Response:
    session.ACTIONS[(await body(request, bodies.GATEWAY))["action"]](place.sessions)
    return web.Response(status=204)


async def add_guild(place: Place, request: web.Request) -> web.Response:
    given = await body(request, bodies.GUILD)
    return reply(views.guild(place.world.add_guild(given["name"], locale=given.get("locale", "en-US"))), 201)


async def add_channel(place: Place, request: web.Request) -> web.Response:
    guild = place.guild(request.match_info["guild_id"])
    channel = place.world.add_channel(guild, (await body(request, bodies.CHANNEL))["name"])
    return reply(views.channel(channel), 201)


async def add_person(place: Place, request: web.Request) -> web.Response:
    """Who also joins the guilds of `guild_ids`."""
    given = await body(request, bodies.PERSON)
    guilds = [place.guild(id) for id in given.get("guild_ids", ())]
    person = place.people.add(given["name"], given.get("locale", "en-US"))
    for guild in guilds:
        place.world.join(person.user, guild)
    return reply(views.person(person.user), 201)


async def _answered(place: Place, invocation: Invocation) -> web.Response:
    """Once the bot has answered or failed to, which an interaction does by itself."""
    try:
        await invocation.answered(timeout=None)
    except Impossible:
        return reply(views.interaction(place.world, invocation.interaction), 504)
    return reply(views.interaction(place.world, invocation.interaction))


def _unpacked(value: Any) -> Any:
    """A value of an option or form, its files as people hand them over."""
    if isinstance(value, list):
        return [_unpacked(each) for each in value]
    return _file(value) if isinstance(value, dict) else value


def _file(given: Json) -> tuple[str, bytes]:
    try:
        return given["filename"], base64.b64decode(given["content_base64"], validate=True)
    except ValueError:
        raise InvalidForm({"content_base64": ("BASE64_INVALID", "Could not be decoded.")}) from None


_CHANNEL = "/channels/{channel_id}"
_MESSAGE = _CHANNEL + "/messages/{message_id}"

ACTIONS: tuple[tuple[str, str, Action], ...] = (
    ("GET", "/state", state),
    ("GET", f"{_CHANNEL}/messages", history),
    ("POST", f"{_CHANNEL}/messages", say),
    ("PATCH", _MESSAGE, edit),
    ("DELETE", _MESSAGE, delete),
    ("PUT", f"{_MESSAGE}/reactions", react),
    ("DELETE", f"{_MESSAGE}/reactions", react),
    ("POST", f"{_CHANNEL}/typing", type),
    ("POST", f"{_CHANNEL}/threads", open_thread),
    ("POST", f"{_CHANNEL}/posts", post),
    ("GET", "/commands", list_commands),
    ("POST", f"{_CHANNEL}/commands", use_command),
    ("POST", f"{_CHANNEL}/autocomplete", autocomplete),
    ("POST", "/components", press),
    ("POST", "/modals", submit),
    ("GET", "/limits", limits),
    ("PUT", "/limits/{name}", set_limit),
    ("GET", "/runs", runs),
    ("POST", "/gateway", gateway),
    ("POST", "/guilds", add_guild),
    ("POST", "/guilds/{guild_id}/channels", add_channel),
    ("POST", "/people", add_person),
)
