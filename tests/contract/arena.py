"""A playground that can be asked request by request without an event loop around, as property tests need it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

import aiohttp
import yarl

from bot.clock import ManualClock
from playground.entities import EPHEMERAL, Channel, Guild, Interaction, Message, Modal, Overwrite
from playground.gateway.outbox import Outbox
from playground.limits import RATES
from playground.people import Person
from playground.permissions import VIEW_CHANNEL
from playground.posting import Draft
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


SECRET = "for the bot alone"
LIMITED = "message.create"
"""The one limit that requests set."""
BUTTON = {"type": 2, "style": 1, "custom_id": "press", "label": "Press"}
MODAL = {
    "custom_id": "form",
    "title": "Form",
    "components": [
        {"type": 18, "label": "Name", "component": {"type": 4, "custom_id": "name", "style": 1, "required": False}},
        {"type": 18, "label": "File", "component": {"type": 19, "custom_id": "file"}},
    ],
}


class Hasty(ManualClock):
    """Whatever waits for a time has waited long enough."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


class Arena:
    """One guild, and of everything that has an id at least one that exists. Nothing is limited.

    Of two people one is in no guild; a channel with a secret in it is hidden from both, but not from the bot.
    """

    def __init__(self, clock: ManualClock | None = None) -> None:
        self._runner = asyncio.Runner()
        self._clock = clock or ManualClock()

    def __enter__(self) -> Self:
        self._runner.__enter__()
        self.run(self._open())
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.run(self._close())
        self._runner.__exit__(*exc_info)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(coroutine)

    def ask(self, method: str, url: str | yarl.URL, **options: Any) -> Reply:
        """Raises TimeoutError when the server hangs."""
        return self.run(self._ask(method, url, **options))

    def bot(self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any) -> Reply:
        headers = {"Authorization": f"Bot {self.playground.token}", **(headers or {})}
        return self.ask(method, f"{self.playground.api_url}{path}", headers=headers, **options)

    def restore(self) -> None:
        """What an earlier request deleted or changed is there again."""
        self.run(self._restore())

    def stays_usable(self) -> None:
        """Fails unless everything that was kept can be shown again."""
        self.restore()
        channel, guild = f"/channels/{self.general.id}", f"/guilds/{self.guild.id}"
        commands = f"/applications/{self.playground.bot_user_id}/commands"
        for path in (
            channel,
            f"{channel}/messages?limit=100",
            f"{guild}/channels",
            f"{guild}/threads/active",
            commands,
        ):
            assert self.bot("GET", path).status == 200, path
        sent = self.bot("POST", f"{channel}/messages", json={"content": "still there"})
        assert sent.status == 200 and self.bot("DELETE", f"{channel}/messages/{sent.body['id']}").status == 204
        for path in ("/state", f"{channel}/messages?user_id={self.ada.id}&versions=1"):
            assert self.ask("GET", f"{self.playground.url}/playground/api{path}").status == 200, path

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
            "emoji": ["%F0%9F%8E%89"],
        }[name]

    async def _ask(self, method: str, url: str | yarl.URL, **options: Any) -> Reply:
        async with asyncio.timeout(PATIENCE), self.session.request(method, url, **options) as response:
            is_json = response.headers.get("Content-Type") == "application/json"
            body = await (response.json() if is_json else response.read())
            return Reply(response.status, body, dict(response.headers))

    async def _open(self) -> None:
        routes = [f"{route.method} {route.path}" for route in ROUTES]
        self.playground = Playground(clock=self._clock, rates=dict.fromkeys((*RATES, *routes)))
        await self.playground.__aenter__()
        self.session = aiohttp.ClientSession(headers={CARELESS: "yes"})
        # A bot that hears everything, so that what is told of each change is looked at as well.
        self.playground.sessions.begin((0, 1), (1 << 32) - 1, Outbox(), "")
        self.guild: Guild = self.playground.add_guild("Arena")
        self.ada: Person = self.playground.add_person("Ada")
        self.playground.join(self.ada, self.guild)
        self.playground.grant_bot(self.guild, ("manage_messages", "manage_channels", "manage_threads"))
        self.general: Channel = self.playground.add_channel(self.guild, "general")
        self.forum: Channel = self.playground.add_channel(self.guild, "questions", "forum", tags=["Open"])
        self.outsider: Person = self.playground.add_person("Eve")
        await self._hide()
        self.said: Message = await self.ada.say(self.general, "said")
        self.thread: Channel = await self.ada.open_thread(self.general, "thread", self.said)
        self.message: Message = await self._message(self.general, "written")
        self.asked: Interaction = await self._asked()
        self.answered: Interaction = await self._answered()

    async def _close(self) -> None:
        await self.session.close()
        await self.playground.__aexit__(None, None, None)

    async def _restore(self) -> None:
        world = self.playground.world
        self.playground.limits.set_rate(LIMITED, None)
        if not world.commands.registered(None):
            world.commands.overwrite(None, [COMMAND])
        if self.general.id not in world.channels:
            self.general = self.playground.add_channel(self.guild, "general")
        for channel in (self.general, self.thread):
            channel.slowmode = channel.thread_slowmode = 0
            channel.overwrites.clear()
        if self.said.deleted_at or self.said.channel is not self.general:
            self.said = await self.ada.say(self.general, "said")
        if self.thread.id not in world.channels:
            fresh = await self.ada.say(self.general, "topic")
            self.thread = await self.ada.open_thread(self.general, "thread", fresh)
        self.thread.archived = self.thread.locked = False
        if self.message.deleted_at or self.message.channel is not self.general:
            self.message = await self._message(self.general, "written")
        if self.asked.answered is not None or self.asked.channel is not self.general:
            self.asked = await self._asked()
        if self.answered.original is None or self.answered.original.deleted_at:
            self.answered = await self._answered()

    async def _hide(self) -> None:
        for_all = Overwrite(id=self.guild.id, deny=VIEW_CHANNEL)
        for_bot = Overwrite(id=self.playground.bot_user_id, for_member=True, allow=VIEW_CHANNEL)
        self.hidden: Channel = self.playground.add_channel(self.guild, "hidden", overwrites=[for_all, for_bot])
        self.secret: Message = await self._message(self.hidden, SECRET)

    async def _message(self, channel: Channel, content: str) -> Message:
        reply = await self._ask(
            "POST",
            f"{self.playground.api_url}/channels/{channel.id}/messages",
            json={"content": content, "components": [{"type": 1, "components": [BUTTON]}]},
            headers={"Authorization": f"Bot {self.playground.token}"},
        )
        return channel.by_id[int(reply.body["id"])]

    async def _asked(self) -> Interaction:
        self.playground.world.commands.overwrite(None, [COMMAND])
        return (await self.ada.command(self.general, "ask")).interaction

    async def _answered(self) -> Interaction:
        """Told as the bot would tell it, before the time for it can be over."""
        asked = await self._asked()
        self.playground.interactions.answer(asked, 4, {}, Draft(content="answer", flags=EPHEMERAL))
        return asked

    def form(self) -> Modal:
        """One that stands open before the person."""
        return self.run(self._form())

    async def _form(self) -> Modal:
        asked = await self._asked()
        self.playground.interactions.answer(asked, 9, MODAL, Draft())
        assert asked.modal is not None
        return asked.modal
