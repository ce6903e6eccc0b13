"""One bot process, one playground and one scripted model for a module's journeys; every test has channels of its own.

They do not outlive the module: while tests of others run, nobody would serve the bot, which then cannot end either.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from playground.entities import Channel, Guild, Message
from playground.models.recital import Messages
from playground.models.scripted import ScriptedServer, Stream
from playground.people import Person
from playground.server import Playground
from playground.waiting import PATIENCE
from tests.journeys.program import Program

Answers = dict[str, str]


def environment(playground: Playground, model_url: str, directory: Path, **more: str) -> dict[str, str]:
    return {
        "DISCORD_TOKEN": playground.token,
        "DISCORD_API_URL": playground.api_url,
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": model_url,
        "OPENAI_MODEL": "scripted",
        "DATABASE_URL": f"sqlite:///{directory / 'causerie.db'}",
        "CAUSERIE_CACHE_DIR": str(directory / "cache"),
        "CAUSERIE_MESSAGE_CONTENT": "true",
        **more,
    }


@dataclass
class Stage:
    """What a journey sees: people, a channel of its own, and what the model was sent for it."""

    playground: Playground
    model: ScriptedServer
    answers: Answers
    guild: Guild
    ada: Person
    minjun: Person
    grace: Person
    program: Program
    database: Path
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def channel(self, name: str = "room") -> Channel:
        return self.playground.add_channel(self.guild, f"{name}-{next(self.numbers)}")

    @property
    def bot(self) -> str:
        return self.playground.bot_mention

    async def asked(self, person: Person, channel: Channel, question: str, answer: str | None = None) -> Message:
        """Mentions the bot, and returns its answer once it is whole and stored, which is a moment later."""
        expected = answer or f"The answer to {question}"
        self.will_answer(question, expected)
        await person.say(channel, f"{self.bot} {question}")
        message = await self.read(channel, expected)
        await self.program.says(f"run={self._newest_run(channel)} status=completed")
        return message

    async def read(self, channel: Channel, text: str, *, seconds: float = 15.0) -> Message:
        """The bot's message that reads so; waits for it."""

        def found() -> Message | None:
            said = (message for message in reversed(channel.messages) if message.author.bot)
            return next((message for message in said if text in message.content), None)

        message = await self.playground.wait_for(found, timeout=seconds)
        assert message is not None
        return message

    def runs(self, channel: Channel) -> int:
        """How many the database holds of a channel."""
        return self._of_runs("count(*)", channel)

    def _newest_run(self, channel: Channel) -> int:
        return self._of_runs("max(id)", channel)

    def _of_runs(self, figure: str, channel: Channel) -> int:
        with closing(sqlite3.connect(self.database)) as database:
            return int(database.execute(f"SELECT {figure} FROM runs WHERE channel_id = ?", (channel.id,)).fetchone()[0])

    @contextmanager
    def slowly(self, tokens_a_second: float) -> Iterator[None]:
        """The model's pace, while the context lasts."""
        usual, self.model.rate = self.model.rate, tokens_a_second
        try:
            yield
        finally:
            self.model.rate = usual

    def will_answer(self, question: str, answer: str) -> None:
        """What the model answers to a question that holds `question`."""
        self.answers[question] = answer

    def sent(self, question: str) -> Stream:
        """The newest call whose last message holds `question`."""
        return next(call for call in reversed(self.model.streams) if question in str(call.messages[-1]["content"]))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    directory = tmp_path_factory.mktemp("bot")
    answers: Answers = {}

    def script(messages: Messages) -> str:
        asked = str(messages[-1]["content"])
        return next((answer for question, answer in answers.items() if question in asked), f"You said: {asked}")

    async with (
        Playground(answer_seconds=PATIENCE) as playground,
        ScriptedServer(script=script, rate=400, first_token=0.01) as model,
    ):
        guild = playground.add_guild("Causerie")
        ada = playground.add_person("Ada")
        minjun = playground.add_person("민준", locale="ko")
        grace = playground.add_person("Grace")
        for person in (ada, minjun):
            playground.join(person, guild)
        playground.join(grace, guild, permissions=("manage_messages", "manage_channels", "manage_guild"))
        async with Program(environment(playground, model.base_url, directory)) as program:
            await playground.ready()
            yield Stage(playground, model, answers, guild, ada, minjun, grace, program, directory / "causerie.db")
