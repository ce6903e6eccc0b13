from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import discord
import pytest
import yarl

from playground.entities import Channel, Guild
from playground.people import Person
from playground.server import Playground
from playground.waiting import PATIENCE
from tests.playground.bot import Parrot
from tests.playground.client import Client


@pytest.fixture
async def playground() -> AsyncIterator[Playground]:
    async with Playground(answer_seconds=PATIENCE) as playground:
        yield playground


@pytest.fixture
async def client(playground: Playground) -> AsyncIterator[Client]:
    async with Client(playground) as client:
        yield client


@pytest.fixture
def guild(playground: Playground) -> Guild:
    return playground.add_guild("Garden")


@pytest.fixture
def general(playground: Playground, guild: Guild) -> Channel:
    return playground.add_channel(guild, "general")


@pytest.fixture
def ada(playground: Playground, guild: Guild) -> Person:
    ada = playground.add_person("Ada")
    playground.join(ada, guild)
    return ada


Start = Callable[..., AbstractAsyncContextManager[Parrot]]


def at(api_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AbstractAsyncContextManager[Parrot]]:
    """Runs a bot, given a token, against what listens there; discord.py keeps the two addresses in globals."""
    monkeypatch.setattr(discord.http.Route, "BASE", api_url)
    gateway = yarl.URL(api_url).with_scheme("ws").with_path("/gateway")
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", gateway)

    @asynccontextmanager
    async def run(token: str, intents: discord.Intents | None = None, **options: object) -> AsyncIterator[Parrot]:
        bot = Parrot(intents=intents or _all_intents(), **options)
        async with bot.running(token):
            yield bot

    return run


def starting(playground: Playground, monkeypatch: pytest.MonkeyPatch) -> Start:
    @asynccontextmanager
    async def run(intents: discord.Intents | None = None, **options: object) -> AsyncIterator[Parrot]:
        async with at(playground.api_url, monkeypatch)(playground.token, intents, **options) as bot:
            await playground.ready()
            yield bot

    return run


@pytest.fixture
def start(playground: Playground, monkeypatch: pytest.MonkeyPatch) -> Start:
    return starting(playground, monkeypatch)


@pytest.fixture
async def parrot(start: Start) -> AsyncIterator[Parrot]:
    async with start() as bot:
        yield bot


def _all_intents() -> discord.Intents:
    intents = discord.Intents.default()
    intents.message_content = True
    return intents
