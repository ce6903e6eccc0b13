"""What one person sees happen, as it happens, over a WebSocket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from playground import events, permissions
from playground.api import bodies, views
from playground.api.local import PREFIX, guarded, query
from playground.entities import Channel, Json, Message, User
from playground.faults import Faults
from playground.gateway.outbox import Outbox
from playground.gateway.session import Sessions
from playground.limits import Limits
from playground.people import People
from playground.world import World

REPORT_SECONDS = 0.1
"""Between two reports of the limits, or of the faults, at the least."""

OPEN: web.AppKey[set[web.WebSocketResponse]] = web.AppKey("open feeds", set[web.WebSocketResponse])


def routes(world: World, people: People, limits: Limits, sessions: Sessions, faults: Faults) -> list[web.RouteDef]:
    sources = (
        Source("limits", lambda: views.limits(world, limits), limits.watch),
        Source("faults", faults.listed, faults.watch),
    )
    return [web.get(PREFIX + "/events", guarded(partial(_serve, world, people, sessions, sources)))]


async def close(app: web.Application) -> None:
    """Ends every feed; the server waits for their handlers when it stops."""
    open_now = app[OPEN]
    for socket in list(open_now):
        await socket.close(code=WSCloseCode.GOING_AWAY)


async def _serve(
    world: World, people: People, sessions: Sessions, sources: Iterable[Source], request: web.Request
) -> web.StreamResponse:
    seen = View(world, sessions, people.person(int(query(request, bodies.BY_USER)["user_id"])).user)
    socket = web.WebSocketResponse(heartbeat=30.0)
    await socket.prepare(request)
    news = News()
    news.tell({"type": "bot", "online": sessions.complete})
    end = world.subscribe(_telling(seen, news))
    reports = [Report(source, news) for source in sources if request.query.get(source.name) == "1"]
    tasks = [asyncio.create_task(each) for each in (_write(socket, news), _watch(request, news))]
    request.app[OPEN].add(socket)
    try:
        async for frame in socket:
            if frame.type is WSMsgType.ERROR:
                break
    finally:
        request.app[OPEN].discard(socket)
        end()
        for report in reports:
            report.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return socket


class News(Outbox):
    """What one page is still to be told; bounded as what a bot is still to be sent."""

    def tell(self, told: Json) -> None:
        self.put_nowait(json.dumps(told, ensure_ascii=False))


def _telling(seen: View, news: News) -> Callable[[events.Event], None]:
    def tell(event: events.Event) -> None:
        told = seen.event(event)
        if told is not None:
            news.tell(told)

    return tell


async def _write(socket: web.WebSocketResponse, news: News) -> None:
    while isinstance(text := await news.get(), str):
        await socket.send_str(text)


async def _watch(request: web.Request, news: News) -> None:
    """Breaks the connection of a page that does not read: a close code would wait behind what it has not read."""
    await news.overrun.wait()
    if request.transport is not None:
        request.transport.abort()


@dataclass(frozen=True, slots=True)
class Source:
    """Of reports, asked for by its name; `watch` takes what to call after a change and returns what ends it."""

    name: str
    look: Callable[[], Any]
    watch: Callable[[Callable[[], None]], Callable[[], None]]


class Report:
    """Tells how a source stands: at once and after changes, many of one moment together."""

    def __init__(self, source: Source, news: News) -> None:
        self._source = source
        self._news = news
        self._due: asyncio.TimerHandle | None = None
        self._end = source.watch(self._changed)
        self._tell()

    def close(self) -> None:
        self._end()
        if self._due is not None:
            self._due.cancel()

    def _changed(self) -> None:
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(REPORT_SECONDS, self._tell)

    def _tell(self) -> None:
        self._due = None
        self._news.tell({"type": self._source.name, self._source.name: self._source.look()})


class View:
    """The world through one person's eyes."""

    def __init__(self, world: World, sessions: Sessions, user: User) -> None:
        self._world = world
        self._sessions = sessions
        self._user = user

    def event(self, event: events.Event) -> Json | None:
        """None: nothing to see."""
        match event:
            case events.MessageCreated(message):
                told = self._message("message_create", message)
                return told and {**told, **_count(message.channel)}
            case events.MessageEdited(message) | events.ReactionsCleared(message):
                return self._message("message_update", message)
            case events.MessageDeleted(message):
                return self._deleted(message.channel, (message,))
            case events.MessagesDeleted(channel, messages):
                return self._deleted(channel, messages)
            case events.ReactionAdded(message, user, emoji) | events.ReactionRemoved(message, user, emoji):
                return self._reaction(message, user, emoji)
            case events.Typed(channel, user) if self._sees(channel):
                return {"type": "typing", "channel_id": str(channel.id), "user_id": str(user.id), "name": user.name}
            case events.ChannelCreated(channel) if self._sees(channel):
                return {"type": "channel_create", "channel": views.channel(channel)}
            case events.ChannelUpdated(channel) if self._sees(channel):
                return {"type": "channel_update", "channel": views.channel(channel)}
            case events.ChannelUpdated(channel) | events.ChannelDeleted(channel):
                return {"type": "channel_delete", "channel_id": str(channel.id)}
            case _:
                return self._other(event)

    def _other(self, event: events.Event) -> Json | None:
        match event:
            case events.ModalOpened(modal) if modal.user is self._user:
                return {"type": "modal", "modal": views.modal(modal)}
            case events.InteractionFailed(interaction) if interaction.user is self._user:
                return {"type": "interaction_failed", "interaction": views.interaction(self._world, interaction)}
            case events.BotConnected() | events.BotDisconnected():
                return {"type": "bot", "online": self._sessions.complete}
            case events.CommandsRegistered():
                return {"type": "commands"}
            case events.GuildJoined() | events.GuildUpdated() | events.GuildLeft():
                return {"type": "state"}
            case events.MemberJoined() | events.MemberUpdated() | events.MemberLeft() | events.RoleUpdated():
                return {"type": "state"}
            case _:
                return None

    def _message(self, type: str, message: Message) -> Json | None:
        if not self._sees(message.channel) or not message.visible_to(self._user):
            return None
        return {"type": type, "message": views.message(self._world, message)}

    def _deleted(self, channel: Channel, messages: tuple[Message, ...]) -> Json | None:
        seen = [str(message.id) for message in messages if message.seen_by in (None, self._user)]
        if not seen or not self._sees(channel):
            return None
        return {"type": "message_delete", "channel_id": str(channel.id), "ids": seen, **_count(channel)}

    def _reaction(self, message: Message, user: User, emoji: str) -> Json | None:
        if not self._sees(message.channel):
            return None
        return {
            "type": "reaction",
            "channel_id": str(message.channel.id),
            "message_id": str(message.id),
            "user_id": str(user.id),
            "reaction": views.reaction(message, emoji),
        }

    def _sees(self, channel: Channel) -> bool:
        return permissions.allows(self._user, channel, permissions.VIEW_CHANNEL)


def _count(channel: Channel) -> Json:
    """As it is after the event, so that it can be taken twice."""
    return {"message_count": len(channel.messages)} if channel.is_thread else {}
