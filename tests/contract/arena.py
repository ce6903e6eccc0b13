"""A playground that can be asked request by request without an event loop around, as property tests need it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

import aiohttp

from bot.clock import ManualClock
from playground.entities import Channel, Guild, Interaction, Message
from playground.limits import RATES
from playground.people import Person
from playground.rest.api import ROUTES
from playground.server import Playground
from tests.contract.exchange import CARELESS
from tests.playground.client import Reply

T = TypeVar("T")

PATIENCE = 10.0
"""Seconds until a request counts as hanging."""
COMMAND = {
    "name": "ask",
    "description": "Asks",
    "options": [{"type": 3, "name": "what", "description": "What", "autocomplete": True}],
}


class Arena:
    """One guild, one person, and of everything that has an id at least one that exists. Nothing is limited."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        self._runner.__enter__()
        self.run(self._open())
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.run(self._close())
        self._runner.__exit__(*exc_info)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(coroutine)

    def ask(self, method: str, url: str, **options: Any) -> Reply:
        """Raises TimeoutError when the server hangs."""
        return self.run(self._ask(method, url, **options))

    def bot(self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any) -> Reply:
        headers = {"Authorization": f"Bot {self.playground.token}", **(headers or {})}
        return self.ask(method, f"{self.playground.api_url}{path}", headers=headers, **options)

    def restore(self) -> None:
        """What an earlier request deleted or changed is there again."""
        self.run(self._restore())

    def ids(self) -> list[str]:
        things = (self.guild, self.general, self.thread, self.message, self.said, self.ada, self.playground.world.bot)
        return [str(thing.id) for thing in things]

    def path_values(self, name: str) -> list[str]:
        """What stands for a variable of a path so that something is found."""
        world = self.playground.world
        return {
            "channel_id": [str(channel.id) for channel in (self.general, self.general, self.thread, self.ada.dm())],
            "message_id": [str(self.message.id), str(self.said.id)],
            "answer_id": ["@original", *(str(message.id) for message in self.answered.messages)],
            "guild_id": [str(self.guild.id)],
            "user_id": [str(self.ada.id), str(world.bot.id)],
            "application_id": [str(world.bot.id)],
            "webhook_id": [str(world.bot.id)],
            "command_id": [command["id"] for command in world.commands.registered(None)],
            "interaction_id": [str(self.asked.id)],
            "token": [self.asked.token, *[self.answered.token] * 3],
            "emoji": ["%F0%9F%8E%89", "party:123"],
        }[name]

    async def _ask(self, method: str, url: str, **options: Any) -> Reply:
        async with asyncio.timeout(PATIENCE), self._session.request(method, url, **options) as response:
            is_json = response.headers.get("Content-Type") == "application/json"
            body = await (response.json() if is_json else response.read())
            return Reply(response.status, body, dict(response.headers))

    async def _open(self) -> None:
        routes = [f"{route.method} {route.path}" for route in ROUTES]
        self.playground = Playground(clock=ManualClock(), rates=dict.fromkeys((*RATES, *routes)))
        await self.playground.__aenter__()
        self._session = aiohttp.ClientSession(headers={CARELESS: "yes"})
        self.guild: Guild = self.playground.add_guild("Arena")
        self.ada: Person = self.playground.add_person("Ada")
        self.playground.join(self.ada, self.guild)
        self.playground.grant_bot(self.guild, ("manage_messages", "manage_channels", "manage_threads"))
        self.general: Channel = self.playground.add_channel(self.guild, "general")
        self.said: Message = await self.ada.say(self.general, "said")
        self.thread: Channel = await self.ada.open_thread(self.general, "thread", self.said)
        self.message: Message = await self._message()
        self.asked: Interaction = await self._asked()
        self.answered: Interaction = await self._asked()

    async def _close(self) -> None:
        await self._session.close()
        await self.playground.__aexit__(None, None, None)

    async def _restore(self) -> None:
        world = self.playground.world
        if self.general.id not in world.channels:
            self.general = self.playground.add_channel(self.guild, "general")
        if self.said.deleted_at or self.said.channel is not self.general:
            self.said = await self.ada.say(self.general, "said")
        if self.thread.id not in world.channels:
            fresh = await self.ada.say(self.general, "topic")
            self.thread = await self.ada.open_thread(self.general, "thread", fresh)
        self.thread.archived = self.thread.locked = False
        if self.message.deleted_at or self.message.channel is not self.general:
            self.message = await self._message()
        if self.asked.answered is not None or self.asked.channel is not self.general:
            self.asked = await self._asked()
        if self.answered.original is None or self.answered.original.deleted_at:
            self.answered = await self._answer(await self._asked())

    async def _message(self) -> Message:
        reply = await self._ask(
            "POST",
            f"{self.playground.api_url}/channels/{self.general.id}/messages",
            json={"content": "written"},
            headers={"Authorization": f"Bot {self.playground.token}"},
        )
        return self.general.by_id[int(reply.body["id"])]

    async def _asked(self) -> Interaction:
        self.playground.world.commands.overwrite(None, [COMMAND])
        return (await self.ada.command(self.general, "ask")).interaction

    async def _answer(self, asked: Interaction) -> Interaction:
        url = f"{self.playground.api_url}/interactions/{asked.id}/{asked.token}/callback"
        await self._ask("POST", url, json={"type": 4, "data": {"content": "answer", "flags": 64}})
        return asked
