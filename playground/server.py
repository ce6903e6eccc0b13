"""The playground put together: a world, its rules, and the web server that a bot and people reach it by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TypeVar

from aiohttp import web

from playground import api, cdn, permissions
from playground.api import feed, local
from playground.api.refusals import refusals
from playground.clock import Clock
from playground.entities import (
    ANNOUNCEMENT,
    CATEGORY,
    FORUM,
    REQUIRES_TAG,
    TEXT,
    Channel,
    Guild,
    Message,
    Overwrite,
    Role,
    Tag,
)
from playground.faults import Faults
from playground.gateway import socket
from playground.gateway.dispatch import EVENTS
from playground.gateway.session import Sessions
from playground.interactions import ANSWER_SECONDS, Interactions
from playground.limits import Limits, Rate
from playground.listening import listen
from playground.people import People, Person
from playground.previews import FETCHING_SECONDS, PAGES, Page, Previews
from playground.recording.scribe import Recording
from playground.rest import api as rest
from playground.rest.faulting import subject_to
from playground.waiting import PATIENCE
from playground.world import PRIVILEGED_INTENTS, World

T = TypeVar("T")

MAX_REQUEST_BYTES = 26 * 1024 * 1024
_TYPES = {"text": TEXT, "announcement": ANNOUNCEMENT, "category": CATEGORY, "forum": FORUM}


def build_app(
    world: World,
    interactions: Interactions,
    people: People,
    limits: Limits,
    sessions: Sessions,
    faults: Faults,
    recording: Recording,
    *,
    heartbeat_seconds: float = socket.HEARTBEAT_SECONDS,
) -> web.Application:
    """Everything but the page, which mounts itself beside it."""
    app = web.Application(client_max_size=MAX_REQUEST_BYTES, middlewares=[local.as_json, refusals(world)])
    app.add_routes(rest.routes(world, interactions, limits, sessions, faults))
    app.add_routes(socket.routes(world, sessions, heartbeat_seconds=heartbeat_seconds))
    app.add_routes(api.routes(world, people, limits, sessions, faults, recording))
    app[feed.OPEN] = set()
    app.on_shutdown.append(feed.close)
    app.router.add_get(cdn.PATH, subject_to(faults, world.clock, cdn.FETCHED, partial(cdn.serve, world)))
    return app


class Playground:
    """A Discord to itself on a port of this machine; as a context manager it listens while it is open.

    `api_url` and `token` are what a bot needs, once it listens. `rates` replaces limits by name (see `limits.RATES`);
    with a `phase_seed` their windows are shifted. `faults` draws by `fault_seed`. `pages` have previews, by address or
    host, some moments after a link to them was sent. An interaction fails after `answer_seconds`: more than Discord's
    are for tests on machines that may stand still. `mounts` add further routes, such as the page, to the web
    application before it starts.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        rates: Mapping[str, Rate | None] | None = None,
        privileged: int = PRIVILEGED_INTENTS,
        shards: int = 1,
        max_concurrency: int = 1,
        bot_name: str = "Causerie",
        host: str = "127.0.0.1",
        port: int = 0,
        heartbeat_seconds: float = socket.HEARTBEAT_SECONDS,
        phase_seed: int | None = None,
        fault_seed: int = 0,
        pages: Mapping[str, Page] = PAGES,
        preview_seconds: float = FETCHING_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
        mounts: Iterable[Callable[[web.Application], object]] = (),
    ) -> None:
        self.world = World(clock, bot_name=bot_name, privileged=privileged)
        self.world.shards = shards
        self.recording = Recording(self.world)
        self.limits = Limits(self.world.clock, rates, routes=rest.LIMITED, phase_seed=phase_seed)
        self.interactions = Interactions(self.world, answer_seconds)
        self.faults = Faults(fault_seed, routes=rest.STRUCK, events=EVENTS)
        self.sessions = Sessions(self.world, limits=self.limits, faults=self.faults, max_concurrency=max_concurrency)
        self.previews = Previews(self.world, pages, fetching_seconds=preview_seconds)
        self.people = People(self.world, self.interactions)
        self._host, self._port = host, port
        self.app = build_app(
            self.world,
            self.interactions,
            self.people,
            self.limits,
            self.sessions,
            self.faults,
            self.recording,
            heartbeat_seconds=heartbeat_seconds,
        )
        for mount in mounts:
            mount(self.app)
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Playground:
        """Raises CannotListen."""
        self._runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=2.0)
        port = await listen(self._runner, self._host, self._port)
        reached_at = "127.0.0.1" if self._host in ("0.0.0.0", "::") else self._host
        self.world.base_url = f"http://{reached_at}:{port}"
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self.sessions.close()
        await self.interactions.close()
        await self.previews.close()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        return self.world.base_url

    @property
    def api_url(self) -> str:
        """For DISCORD_API_URL."""
        return f"{self.url}{rest.PREFIX}"

    @property
    def token(self) -> str:
        return self.world.token

    @property
    def bot_user_id(self) -> int:
        return self.world.bot.id

    @property
    def bot_mention(self) -> str:
        return f"<@{self.world.bot.id}>"

    # The world

    def add_guild(self, name: str = "Playground", locale: str = "en-US", owner: Person | None = None) -> Guild:
        """The bot is in it from the start, with everyone's permissions."""
        return self.world.add_guild(name, locale=locale, owner=owner.user if owner else None)

    def add_channel(
        self,
        guild: Guild,
        name: str,
        type: str = "text",
        *,
        overwrites: Iterable[Overwrite] = (),
        topic: str | None = None,
        tags: Iterable[str] = (),
        tag_required: bool = False,
    ) -> Channel:
        """`type`: text, announcement, category or forum, the last with `tags` for its posts."""
        made = [Tag(id=self.world.snowflakes.next(), name=tag) for tag in tags]
        flags = REQUIRES_TAG if tag_required else 0
        return self.world.add_channel(
            guild, name, type=_TYPES[type], overwrites=overwrites, topic=topic, tags=made, flags=flags
        )

    def add_person(self, name: str, locale: str = "en-US") -> Person:
        return self.people.add(name, locale)

    def join(
        self, person: Person, guild: Guild, *, roles: Iterable[Role] = (), permissions: int | Iterable[str] = 0
    ) -> None:
        """`permissions` beyond everyone's, as bits or as names such as manage_messages, come as a role made for it."""
        granted = _bits(permissions)
        own = [self.world.add_role(guild, f"{person.name}'s", granted)] if granted else []
        self.world.join(person.user, guild, [*roles, *own])

    def grant_bot(self, guild: Guild, permissions: int | Iterable[str]) -> Role:
        """More permissions for the bot, as a role."""
        role = self.world.add_role(guild, self.world.bot.name, _bits(permissions))
        self.world.join(self.world.bot, guild, [role])
        return role

    def dm(self, person: Person) -> Channel:
        return person.dm()

    # Waiting

    @property
    def online(self) -> bool:
        return self.sessions.complete

    async def ready(self, timeout: float = 30.0) -> None:
        """Waits until every shard of the bot has identified."""
        await self.wait_for(lambda: self.online, timeout)

    async def registered(self, name: str, timeout: float = 30.0) -> None:
        """Waits until a command of that name, or one of its subcommands, is known globally or in some guild."""
        guild_ids = (None, *self.world.guilds)
        await self.wait_for(
            lambda: any(
                command["name"] == name.split()[0]
                for guild_id in guild_ids
                for command in self.world.commands.registered(guild_id)
            ),
            timeout,
        )

    async def wait_for(self, predicate: Callable[[], T | None], timeout: float = PATIENCE) -> T:
        """What the predicate returns once it is true; asked again after every change. Raises TimeoutError."""
        return await self.people.changes.wait_for(predicate, timeout)

    async def next_message(
        self, channel: Channel, after: Message | None = None, *, timeout: float = PATIENCE
    ) -> Message:
        """The bot's first public message there after another, by default after the newest that a person wrote."""
        said = [message for message in channel.messages if message.author is not self.world.bot]
        since = after or (said[-1] if said else None)
        bound = since.id if since else 0
        found = await self.wait_for(lambda: self._answers(channel, bound), timeout)
        return found[0]

    def _answers(self, channel: Channel, after: int) -> list[Message]:
        return [message for message in channel.messages if message.author is self.world.bot and message.id > after]


def default_world(playground: Playground) -> Guild:
    """A server with two people in two languages, and one who looks after it."""
    grace = playground.add_person("Grace")
    guild = playground.add_guild("Playground", owner=None)
    moderating = (
        permissions.MANAGE_MESSAGES
        | permissions.MANAGE_CHANNELS
        | permissions.MANAGE_GUILD
        | permissions.MANAGE_THREADS
    )
    moderators = playground.world.add_role(guild, "Moderators", moderating, mentionable=True)
    playground.join(playground.add_person("Ada"), guild)
    playground.join(playground.add_person("민준", locale="ko"), guild)
    playground.join(grace, guild, roles=[moderators])
    playground.grant_bot(guild, permissions.MANAGE_MESSAGES)
    playground.add_channel(guild, "general")
    playground.add_channel(guild, "korean-한국어")
    playground.add_channel(guild, "questions-질문", "forum")
    hidden = Overwrite(id=guild.id, deny=permissions.VIEW_CHANNEL)
    shown = [Overwrite(id=role_id, allow=permissions.VIEW_CHANNEL) for role_id in guild.roles if role_id != guild.id]
    playground.add_channel(guild, "mods", overwrites=[hidden, *shown])
    return guild


def _bits(granted: int | Iterable[str]) -> int:
    return granted if isinstance(granted, int) else permissions.named(granted)
