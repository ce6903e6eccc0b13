"""The client on the wire: what it notices of its connection, and how it registers its commands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import pytest

from bot import client as module
from bot.client import Causerie, use_api
from bot.clock import ManualClock
from bot.delivery.calls import Calls
from cogs import commands
from playground.server import Playground


@pytest.fixture
async def client(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Causerie]:
    """Connected to a playground as `client.playground`, without its cogs."""
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
    gateway = discord.gateway.DiscordWebSocket
    monkeypatch.setattr(gateway, "DEFAULT_GATEWAY", gateway.DEFAULT_GATEWAY)
    monkeypatch.setattr(module, "EXTENSIONS", ())
    async with Playground() as playground:
        use_api(playground.api_url)
        client: Any = Causerie(message_content=False, calls=Calls(), trace=aiohttp.TraceConfig())
        client.playground = playground
        connection = asyncio.create_task(client.start(playground.token))
        await playground.ready()
        await client.connected.wait()
        yield client
        await client.close()
        connection.cancel()
        await asyncio.gather(connection, return_exceptions=True)


async def test_a_lost_gateway_is_noticed_until_it_is_back(client: Any) -> None:
    assert client.online
    seen: list[bool] = []
    lost, back = asyncio.Event(), asyncio.Event()

    async def on_shard_disconnect(shard_id: int) -> None:
        seen.append(client.online)
        lost.set()

    async def on_shard_resumed(shard_id: int) -> None:
        back.set()

    client.add_listener(on_shard_disconnect)
    client.add_listener(on_shard_resumed)
    client.playground.sessions.cut()
    async with asyncio.timeout(30):
        await lost.wait()
        await back.wait()
    assert seen == [False] and client.online


async def test_commands_that_discord_does_not_take_are_registered_again(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock()
    client.services = SimpleNamespace(clock=clock)
    await client.add_cog(commands.Commands(client))
    taken, attempts = asyncio.Event(), 0

    async def sync() -> list[Any]:
        nonlocal attempts
        attempts += 1
        if attempts < 4:
            raise discord.DiscordException("not now")
        taken.set()
        return [SimpleNamespace(name="ask", id=5)]

    monkeypatch.setattr(client.tree, "sync", sync)
    client.dispatch("ready")
    while not taken.is_set():
        await asyncio.sleep(0)
        await clock.advance(commands.PAUSES[-1])
    await asyncio.sleep(0)
    assert client.command_ids == {"ask": 5} and attempts == 4


async def test_a_gateway_that_does_not_say_goodbye_is_left(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    close, left = discord.gateway.DiscordWebSocket.close, []

    async def silent(gateway: Any, *arguments: Any, **options: Any) -> None:
        left.append(gateway)
        await asyncio.Event().wait()

    monkeypatch.setattr(module, "CLOSING", 0.1)
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "close", silent)
    async with asyncio.timeout(30):
        await client.close()
    assert client.http._HTTPClient__session.closed
    # Its thread, which the program's end would take along, would outlive the loop and fail in another test's time.
    await close(left[0])
