"""What moderators and members do, on a real database."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.channels.personas import Personas
from bot.channels.preferences import Preferences
from bot.channels.resets import Resets
from bot.clock import ManualClock
from bot.domain.actor import EVERYTHING, Actor
from bot.domain.conversation import Item, Place, Role, Speaker
from bot.domain.persona import Persona
from bot.domain.run import Run, RunStatus
from bot.domain.settings import Permission
from bot.storage import Entry, Storage, open_storage, upgrade

GUILD = Place(channel_id=1, guild_id=7)
THREAD = Place(channel_id=2, parent_id=1, guild_id=7)
ELSEWHERE = Place(channel_id=3, guild_id=8)
DIRECT = Place(channel_id=4)
MODERATOR = Actor(user_id=5, name="Mo", permissions=EVERYTHING)
MEMBER = Actor(user_id=6, name="Mia", permissions=frozenset({Permission.SEND_MESSAGES}))
OPERATOR = {"window_tokens": "8000", "answer_tokens": "1000"}


def actor_without(permission: Permission) -> Actor:
    return Actor(user_id=9, name="Ned", permissions=EVERYTHING - {permission})


def persona(name: str = "Pirate", **values: object) -> Persona:
    return Persona(ref="", **{"name": name, "instructions": "Talk like a pirate.", **values})  # type: ignore[arg-type]


@dataclass
class Desk:
    storage: Storage
    clock: ManualClock = field(default_factory=ManualClock)

    def __post_init__(self) -> None:
        self.preferences = Preferences(self.storage, self.clock, OPERATOR)
        self.personas = Personas(self.storage, self.clock, self.preferences)
        self.resets = Resets(self.storage, self.clock, self.preferences, self.personas)
        self._message_id = 100

    async def entries(self) -> list[Entry]:
        """The whole audit, oldest first."""
        async with self.storage.read() as work:
            ids = (await work.connection.execute(sa.text("SELECT id FROM audit ORDER BY id"))).scalars().all()
            found = [await work.audit.get(entry_id) for entry_id in ids]
        return [entry for entry in found if entry is not None]

    async def actions(self) -> list[str]:
        return [entry.action for entry in await self.entries()]

    async def count(self, table: str) -> int:
        async with self.storage.read() as work:
            return int(await work.connection.scalar(sa.text(f"SELECT count(*) FROM {table}")) or 0)

    async def ask(self, place: Place = GUILD) -> Run:
        self._message_id += 1
        async with self.storage.write() as work:
            now, speaker = self.clock.now(), Speaker(user_id=6, name="Mia")
            await work.conversations.ensure(place, now)
            run = await work.runs.add(
                place=place,
                asker=speaker,
                trigger_message_id=self._message_id,
                reply_to_message_id=self._message_id,
                locale=None,
                private=False,
                now=now,
            )
            item = Item(role=Role.USER, text="question", tokens=4, speaker=speaker, message_ids=(self._message_id,))
            await work.conversations.add_question(run, item, now)
        return run

    async def claim(self) -> None:
        async with self.storage.write() as work:
            assert await work.runs.claim("worker", places=1, now=self.clock.now(), lease_until=self.clock.now())

    async def turn(self, place: Place = GUILD) -> Run:
        run = await self.ask(place)
        await self.claim()
        async with self.storage.write() as work:
            now = self.clock.now()
            assert await work.runs.finish(run.run_id, owner="worker", status=RunStatus.COMPLETED, now=now)
            await work.conversations.add_answer(run, Item(role=Role.ASSISTANT, text="answer", tokens=4), now)
        return run

    async def remembered(self, place: Place = GUILD) -> list[int]:
        async with self.storage.read() as work:
            turns = (await work.conversations.transcript(place.channel_id, run_id=10**9)).history
        return [turn.run_id for turn in turns]


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("channels") / "causerie.db"
    with ThreadPoolExecutor(1) as thread:  # pytest-asyncio keeps the loop of this thread for the tests
        thread.submit(asyncio.run, upgrade(f"sqlite:///{path}")).result()
    return path


@pytest.fixture
async def desk(migrated: Path, tmp_path: Path) -> AsyncIterator[Desk]:
    shutil.copy(migrated, tmp_path / "causerie.db")
    desk = Desk(await open_storage(f"sqlite:///{tmp_path / 'causerie.db'}"))
    yield desk
    await desk.storage.close()
