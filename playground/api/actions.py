"""Requests by which people act, and those that look at the world or change it from outside."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web

from playground import commands
from playground.api import views
from playground.api.local import PREFIX, body, guarded, reply
from playground.entities import Channel, Json, Message
from playground.errors import Impossible, unknown_channel, unknown_guild, unknown_interaction, unknown_message
from playground.gateway.session import Sessions
from playground.limits import Limits, Rate
from playground.people import Invocation, People, Person
from playground.timeline import Timeline
from playground.world import World

_ANSWER_PATIENCE = 10.0
"""Seconds; an interaction fails by itself after three."""


@dataclass(frozen=True, slots=True)
class Place:
    """What the requests act on."""

    world: World
    people: People
    limits: Limits
    sessions: Sessions
    timeline: Timeline

    def person(self, given: Json | Any) -> Person:
        return self.people.person(int(given["user_id"]))

    def channel(self, id: str) -> Channel:
        channel = self.world.channels.get(int(id))
        if channel is None:
            raise unknown_channel()
        return channel

    def message(self, request: web.Request) -> Message:
        message = self.channel(request.match_info["channel_id"]).by_id.get(int(request.match_info["message_id"]))
        if message is None:
            raise unknown_message()
        return message

    def message_anywhere(self, id: int) -> Message:
        for channel in self.world.channels.values():
            if id in channel.by_id:
                return channel.by_id[id]
        raise unknown_message()


Action = Callable[[Place, web.Request], Awaitable[web.StreamResponse]]


def routes(world: World, people: People, limits: Limits, sessions: Sessions) -> list[web.RouteDef]:
    place = Place(world, people, limits, sessions, Timeline(world))
    return [web.route(method, PREFIX + path, guarded(partial(action, place))) for method, path, action in ACTIONS]


async def state(place: Place, request: web.Request) -> web.Response:
    return reply(views.state(place.world, place.sessions))


async def history(place: Place, request: web.Request) -> web.Response:
    person = place.person(request.query)
    channel = place.channel(request.match_info["channel_id"])
    versions = request.query.get("versions") == "1"
    before = int(request.query.get("before", 0))
    seen = [message for message in person.messages(channel) if not before or message.id < before]
    messages = seen[-int(request.query.get("limit", 200)) :]
    return reply({"messages": [views.message(place.world, message, versions=versions) for message in messages]})


async def say(place: Place, request: web.Request) -> web.Response:
    given = await body(request)
    channel = place.channel(request.match_info["channel_id"])
    replied = channel.by_id.get(int(given["reply_to"])) if given.get("reply_to") else None
    message = await place.person(given).say(
        channel,
        given.get("content") or "",
        reply_to=replied,
        files=[_file(each) for each in given.get("files") or []],
        ping=given.get("ping", True),
    )
    return reply(views.message(place.world, message), 201)


async def edit(place: Place, request: web.Request) -> web.Response:
    given = await body(request)
    message = place.message(request)
    await place.person(given).edit(message, given["content"])
    return reply(views.message(place.world, message))


async def delete(place: Place, request: web.Request) -> web.Response:
    await place.person(request.query).delete(place.message(request))
    return web.Response(status=204)


async def react(place: Place, request: web.Request) -> web.Response:
    """PUT sets, DELETE takes back."""
    given = await body(request) if request.method == "PUT" else request.query
    person, message = place.person(given), place.message(request)
    await (person.react if request.method == "PUT" else person.unreact)(message, str(given["emoji"]))
    return web.Response(status=204)


async def type(place: Place, request: web.Request) -> web.Response:
    await place.person(await body(request)).type(place.channel(request.match_info["channel_id"]))
    return web.Response(status=204)


async def open_thread(place: Place, request: web.Request) -> web.Response:
    given = await body(request)
    channel = place.channel(request.match_info["channel_id"])
    opened_on = channel.by_id[int(given["message_id"])] if given.get("message_id") else None
    thread = await place.person(given).open_thread(channel, given["name"], opened_on)
    return reply(views.channel(thread), 201)


async def list_commands(place: Place, request: web.Request) -> web.Response:
    user = place.person(request.query).user
    found = place.world.commands.offered(user, place.channel(request.query["channel_id"]))
    return reply({"commands": [views.command(each, user.locale) for each in found]})


async def use_command(place: Place, request: web.Request) -> web.Response:
    """A slash command with `options`, or with `target_id` a command of a message's or person's menu."""
    given = await body(request)
    person, channel = place.person(given), place.channel(request.match_info["channel_id"])
    if given.get("target_id"):
        id = int(given["target_id"])
        target = channel.by_id.get(id) or place.people.person(id).user
        return await _answered(place, await person.menu(target, given["name"], channel))
    values = _values(place, person, channel, given)
    return await _answered(place, person.use_command(channel, given["name"], values))


async def autocomplete(place: Place, request: web.Request) -> web.Response:
    given = await body(request)
    channel = place.channel(request.match_info["channel_id"])
    values = given.get("options") or {}
    choices = await place.person(given).autocomplete(
        channel, given["name"], given["option"], given.get("value") or "", **values
    )
    return reply({"choices": choices})


async def press(place: Place, request: web.Request) -> web.Response:
    given = await body(request)
    message = place.message_anywhere(int(given["message_id"]))
    invocation = await place.person(given).click(message, given["custom_id"], *(given.get("values") or ()))
    return await _answered(place, invocation)


async def submit(place: Place, request: web.Request) -> web.Response:
    given = await body(request)
    interaction = place.world.interactions.get(int(given["interaction_id"]))
    if interaction is None or interaction.modal is None:
        raise unknown_interaction()
    return await _answered(place, await place.person(given).submit(interaction.modal, given.get("values") or {}))


async def limits(place: Place, request: web.Request) -> web.Response:
    return reply(views.limits(place.world, place.limits))


async def runs(place: Place, request: web.Request) -> web.Response:
    found = place.timeline.seen_by(place.person(request.query).user)
    return reply({"runs": [views.run(each) for each in found]})


async def set_limit(place: Place, request: web.Request) -> web.Response:
    """`calls` null lifts it."""
    given = await body(request)
    calls = given.get("calls")
    rate = None if calls is None else Rate(int(calls), float(given["seconds"]))
    place.limits.set_rate(request.match_info["name"], rate)
    return web.Response(status=204)


async def gateway(place: Place, request: web.Request) -> web.Response:
    """`action`: cut, reconnect, invalidate."""
    acts = {
        "cut": place.sessions.cut,
        "reconnect": place.sessions.ask_to_reconnect,
        "invalidate": place.sessions.invalidate,
    }
    acts[(await body(request))["action"]]()
    return web.Response(status=204)


async def add_guild(place: Place, request: web.Request) -> web.Response:
    given = await body(request)
    return reply(views.guild(place.world.add_guild(given["name"], locale=given.get("locale") or "en-US")), 201)


async def add_channel(place: Place, request: web.Request) -> web.Response:
    guild = place.world.guilds.get(int(request.match_info["guild_id"]))
    if guild is None:
        raise unknown_guild()
    channel = place.world.add_channel(guild, (await body(request))["name"])
    return reply(views.channel(channel), 201)


async def add_person(place: Place, request: web.Request) -> web.Response:
    """Who also joins the guilds of `guild_ids`."""
    given = await body(request)
    person = place.people.add(given["name"], given.get("locale") or "en-US")
    for guild_id in given.get("guild_ids") or ():
        place.world.join(person.user, place.world.guilds[int(guild_id)])
    return reply(views.person(person.user), 201)


async def _answered(place: Place, invocation: Invocation) -> web.Response:
    """Once the bot has answered or failed to."""
    try:
        await invocation.answered(_ANSWER_PATIENCE)
    except Impossible:
        return reply(views.interaction(place.world, invocation.interaction), 504)
    return reply(views.interaction(place.world, invocation.interaction))


def _values(place: Place, person: Person, channel: Channel, given: Json) -> Json:
    """The options, files of attachment options unpacked."""
    found = place.world.commands.find(given["name"], channel)
    values = dict(given.get("options") or {})
    for option in found.options if found else ():
        if option["type"] == commands.ATTACHMENT and isinstance(values.get(option["name"]), dict):
            values[option["name"]] = _file(values[option["name"]])
    return values


def _file(given: Json) -> tuple[str, bytes]:
    return given["filename"], base64.b64decode(given["content_base64"], validate=True)


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
