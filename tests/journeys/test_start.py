"""Starting and stopping: what a wrong start says, and what becomes of an answer when the program ends."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from playground.entities import Channel
from playground.models.recital import Messages
from playground.models.scripted import Fault, ScriptedServer
from playground.people import Person
from playground.server import Playground
from playground.waiting import PATIENCE
from tests.journeys.conftest import environment
from tests.journeys.program import Program

FORGOTTEN = r"I no longer have what you typed\. Start again with </persona create:\d+> or </persona edit:\d+>\."

KEY = "sk-the-right-one"


@dataclass
class World:
    playground: Playground
    model: ScriptedServer
    directory: Path
    room: Channel
    ada: Person

    def environment(self, **changes: str) -> dict[str, str]:
        return environment(self.playground, self.model.base_url, self.directory, **{"OPENAI_API_KEY": KEY, **changes})

    def program(self, **changes: str) -> Program:
        return Program(self.environment(**changes))

    async def refused(self, **changes: str) -> tuple[int, str]:
        """Exit status and output of a start that cannot succeed."""
        program = await self.program(**changes).start()
        return await program.exit_status(), program.output

    def answers(self) -> list[str]:
        return [message.content for message in self.room.messages if message.author.bot]

    async def ask(self, question: str) -> None:
        await self.ada.say(self.room, f"{self.playground.bot_mention} {question}")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    def script(_messages: Messages) -> str:
        return " ".join(f"word{number}" for number in range(100))

    async with (
        Playground(answer_seconds=PATIENCE) as playground,
        ScriptedServer(script=script, rate=40, api_key=KEY) as model,
    ):
        guild = playground.add_guild()
        room, ada = playground.add_channel(guild, "general"), playground.add_person("Ada")
        playground.join(ada, guild, permissions=("manage_channels",))
        yield World(playground, model, tmp_path, room, ada)


async def test_every_problem_of_the_settings_is_told_at_once(world: World) -> None:
    status, said = await world.refused(DISCORD_TOKEN="", LOG_LEVEL="loud", CAUSERIE_WINDOW_TOKEN="5")
    assert status == 2
    assert {line.split()[0] for line in said.splitlines()} == {"DISCORD_TOKEN", "LOG_LEVEL", "CAUSERIE_WINDOW_TOKEN"}
    assert "CAUSERIE_WINDOW_TOKENS?" in said


@pytest.mark.parametrize(
    ("changes", "status", "named"),
    [
        ({"DISCORD_TOKEN": "MTIzNDU2Nzg5MDEyMzQ1Njc4.AAAAAA.aaaaaaaaaaaaaaaaaaaaaaaaaaaa"}, 3, "DISCORD_TOKEN"),
        ({"DISCORD_API_URL": "http://127.0.0.1:9/api/v10"}, 4, "http://127.0.0.1:9"),
        ({"OPENAI_API_KEY": "sk-a-wrong-one"}, 6, "OPENAI_API_KEY"),
        ({"OPENAI_MODEL": "gpt-99"}, 7, "gpt-99"),
        ({"DATABASE_URL": "sqlite:////dev/null/causerie.db"}, 8, "DATABASE_URL"),
        ({"DATABASE_URL": "postgresql://anna:s3cret@127.0.0.1:9/causerie"}, 8, "DATABASE_URL"),
    ],
    ids=["token", "network", "key", "model", "sqlite", "postgresql"],
)
async def test_what_stops_a_start_is_told_in_one_line(
    world: World, changes: dict[str, str], status: int, named: str
) -> None:
    ended, said = await world.refused(**changes)
    assert ended == status
    # The connection may have been made already, and logged, before the model's server refuses.
    told = [line for line in said.splitlines() if "[info" not in line]
    assert len(told) == 1 and named in told[0] and "[bot.app]" not in said
    assert not any(secret in said for secret in ("s3cret", "a-wrong-one", "AAAAAA"))


async def test_an_intent_that_is_not_switched_on(world: World) -> None:
    async with Playground(privileged=0) as strict:
        ended, said = await world.refused(DISCORD_TOKEN=strict.token, DISCORD_API_URL=strict.api_url)
    assert ended == 5 and "CAUSERIE_MESSAGE_CONTENT" in said and len(said.splitlines()) == 1


async def test_a_database_of_a_newer_version(world: World) -> None:
    path = world.directory / "newer.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE alembic_version (version_num TEXT)")
        database.execute("INSERT INTO alembic_version VALUES ('9999')")
    database.close()
    ended, said = await world.refused(DATABASE_URL=f"sqlite:///{path}")
    assert ended == 9 and "9999" in said and len(said.splitlines()) == 1


async def test_a_health_port_that_is_taken(world: World) -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:
        port = taken.getsockname()[1]
        ended, said = await world.refused(HEALTH_PORT=str(port))
    assert ended == 10 and said == f"HEALTH_PORT: port {port} is in use."


async def test_a_second_bot_on_the_same_file(world: World) -> None:
    async with world.program():
        ended, said = await world.refused()
    assert ended == 8 and "another bot" in said


async def test_a_stop_before_there_is_a_connection(world: World) -> None:
    """Discord takes the connection and says nothing."""
    reached = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        program = await world.program(DISCORD_API_URL=f"http://127.0.0.1:{port}/api/v10").start()
        async with asyncio.timeout(30):
            await reached.wait()
        assert await program.terminate() == 0 and "Traceback" not in program.output


async def test_what_is_no_discord_is_told(world: World) -> None:
    """A web server that answers everything kindly."""

    async def kindly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nHello")
        writer.close()

    async with await asyncio.start_server(kindly, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        ended, said = await world.refused(DISCORD_API_URL=f"http://127.0.0.1:{port}/api/v10")
    assert ended == 4 and len(said.splitlines()) == 1 and str(port) in said


async def test_a_running_bot_says_how_it_is_and_hides_its_secrets(world: World) -> None:
    with socket.create_server(("0.0.0.0", 0)) as free:
        port = free.getsockname()[1]
    given = world.environment(HEALTH_PORT=str(port), LOG_LEVEL="DEBUG", LOG_FORMAT="json")
    async with Program(given) as program, aiohttp.ClientSession() as session:
        for path in ("livez", "readyz"):
            async with session.get(f"http://127.0.0.1:{port}/{path}") as answer:
                assert answer.status == 200 and (await answer.json())["status"] == "ok"
        asked = await Program(given, "health").start()
        assert await asked.exit_status() == 0 and asked.output == ""
        await world.ask("Tell me everything")
        await world.playground.wait_for(lambda: world.answers() and "word99" in world.answers()[-1])
        world.model.faults.append(Fault(status=401, code="invalid_api_key"))
        await world.ask("And again?")
        await world.playground.wait_for(lambda: "refuses this bot's key" in world.answers()[-1])
        assert await program.terminate() == 0
    events = [json.loads(line) for line in program.output.splitlines()]
    assert {"ready", "draining"} <= {event["event"] for event in events}
    assert not any(secret in program.output for secret in (KEY, world.playground.token))
    assert "Tell me everything" not in program.output and "word99" not in program.output


async def test_a_second_signal_ends_the_program_at_once(world: World) -> None:
    world.model.rate = 4.0
    program = await world.program(CAUSERIE_DRAIN_SECONDS="600").start()
    await program.says("ready")
    await world.ask("Tell me everything")
    await world.playground.wait_for(lambda: world.answers() and "word2" in world.answers()[0])
    program.signal(signal.SIGTERM)
    await program.says("draining")
    assert await program.terminate() == 128 + signal.SIGTERM
    assert "Traceback" not in program.output
    world.model.rate = 1_000.0
    async with world.program():
        await world.playground.wait_for(lambda: "interrupted here" in world.answers()[0])


async def test_an_answer_may_end_before_the_program_does(world: World) -> None:
    async with world.program() as program:
        await world.ask("Tell me everything")
        await world.playground.wait_for(world.answers)
        assert await program.terminate() == 0
    assert world.answers()[0].endswith("word99")


async def test_an_answer_that_does_not_end_in_time_is_marked(world: World) -> None:
    async with world.program(CAUSERIE_DRAIN_SECONDS="0") as program:
        await world.ask("Tell me everything")
        await world.playground.wait_for(world.answers)
        assert await program.terminate() == 0
    assert world.answers()[0].splitlines()[-1].startswith("-# The answer was interrupted here")


async def test_a_crash_in_the_middle_of_an_answer_is_told_and_the_channel_goes_on(world: World) -> None:
    program = await world.program().start()
    await program.says("ready")
    await world.ask("Tell me everything")
    await world.playground.wait_for(lambda: world.answers() and "word5" in world.answers()[0])
    await program.kill()
    world.model.script = lambda _messages: "A new answer."
    async with world.program():
        await world.playground.wait_for(lambda: "was interrupted here" in world.answers()[0])
        await world.ask("And now?")
        await world.playground.wait_for(lambda: world.answers()[-1] == "A new answer.")
    said = [str(message["content"]) for message in world.model.streams[-1].messages]
    assert said[1] == "Ada: Tell me everything" and said[2].startswith("word0") and "interrupted" not in said[2]


async def test_a_crash_before_any_text_costs_nothing(world: World) -> None:
    asked = asyncio.Event()

    def script(_messages: Messages) -> str:
        asked.set()
        return "Too late."

    world.model.first_token, world.model.script = 60.0, script
    program = await world.program().start()
    await program.says("ready")
    await world.ask("Are you there?")
    await asked.wait()
    await program.kill()
    world.model.first_token, world.model.script = 0.05, lambda _messages: "Here I am."
    async with world.program():
        await world.playground.wait_for(lambda: world.answers() == ["Here I am."])


async def test_a_form_that_was_open_at_a_restart_is_taken(world: World) -> None:
    """What the bot refused before is forgotten, which a press of its button is told."""
    async with world.program():
        await world.playground.ready()
        form = await (await world.ada.command(world.room, "persona create")).form()
        typed = {"Name": "Late", "Instructions": "Be late.", "Parameters": "warmth=1"}
        refused = await (await world.ada.submit(form, typed)).response()
        form = await (await world.ada.click(refused, "Change it")).form()
    async with world.program():
        await world.playground.ready()
        saved = await (await world.ada.submit(form, {"Parameters": "top_p=1"})).response()
        assert "**Late** is saved" in saved.content
        forgotten = await (await world.ada.click(refused, "Change it")).response()
        assert forgotten.private and re.fullmatch(FORGOTTEN, forgotten.content)
