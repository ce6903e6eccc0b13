"""`python -m bot check`, the doctor, and the other commands of the program."""

from __future__ import annotations

import asyncio
import os
import socket
import sqlite3
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from rich.console import Console

from bot import cli
from playground.models.scripted import ScriptedServer
from playground.server import Playground
from tests.journeys.conftest import environment
from tests.journeys.program import Program

pytestmark = pytest.mark.asyncio(loop_scope="session")

KEY = "sk-the-right-one"
WRONG_TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.AAAAAA.aaaaaaaaaaaaaaaaaaaaaaaaaaaa"
EXAMINED = ("Discord token", "Gateway", "Intents", "Model", "Database", "Token ranks")


@dataclass
class Patient:
    playground: Playground
    model: ScriptedServer
    directory: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def environment(self, **changes: str) -> dict[str, str]:
        return environment(self.playground, self.model.base_url, self.directory, **{"OPENAI_API_KEY": KEY, **changes})

    async def run(self, *arguments: str, **changes: str) -> tuple[int, str]:
        """Exit status and output of a command; in this process, since a start takes longer than what it tests."""
        with self.monkeypatch.context() as patched:
            patched.setattr(os, "environ", {**os.environ, **self.environment(**changes)})
            patched.setattr(sys, "argv", ["bot", *arguments])
            patched.setattr(cli, "out", Console(width=300))
            patched.chdir(self.directory)
            status = await asyncio.to_thread(_status)
        said = self.capsys.readouterr()
        return status, (said.out + said.err).strip()


def _status() -> int:
    try:
        return cli.main()
    except SystemExit as ended:
        return int(ended.code or 0)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def servers() -> AsyncIterator[tuple[Playground, ScriptedServer]]:
    async with Playground() as playground, ScriptedServer(api_key=KEY) as model:
        yield playground, model


@pytest.fixture
def patient(
    servers: tuple[Playground, ScriptedServer],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Patient:
    return Patient(*servers, tmp_path, monkeypatch, capsys)


def findings(output: str) -> dict[str, str]:
    """ok or no, by what was examined."""
    rows = [line.strip() for line in output.splitlines()]
    found = [(name, row) for row in rows for name in EXAMINED if name in row]
    return {name: row.split()[0] for name, row in found}


async def test_a_bot_that_lacks_nothing(patient: Patient) -> None:
    program = await Program(patient.environment(), "check").start()
    status, said = await program.exit_status(), program.output
    assert status == 0 and findings(said) == dict.fromkeys(EXAMINED, "ok"), said
    assert "logged in as" in said and "scripted at" in said and "message content is switched on" in said


@pytest.mark.parametrize(
    ("changes", "status", "failing", "told"),
    [
        ({"DISCORD_TOKEN": WRONG_TOKEN}, 3, {"Discord token"}, "DISCORD_TOKEN"),
        ({"DISCORD_API_URL": "http://127.0.0.1:9/x"}, 4, {"Discord token"}, "127.0.0.1:9/x"),
        ({"OPENAI_API_KEY": "sk-a-wrong-one"}, 6, {"Model"}, "refused the key"),
        ({"OPENAI_MODEL": "gpt-99"}, 7, {"Model"}, "gpt-99"),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}, 11, {"Model"}, "cannot be reached"),
        ({"OPENAI_BASE_URL": "{model}"}, 12, {"Model"}, "the address ends in /v1"),
        ({"DATABASE_URL": "sqlite:////dev/null/causerie.db"}, 8, {"Database"}, "DATABASE_URL"),
        ({"DATABASE_URL": "sqlite:////proc/causerie.db"}, 8, {"Database"}, "May the bot write in that directory?"),
        ({"DATABASE_URL": f"sqlite:///{__file__}"}, 8, {"Database"}, "name another one"),
        ({"DATABASE_URL": "postgresql://db@127.0.0.1:9/x"}, 8, {"Database"}, "Is the database's server running there?"),
        (
            {"DATABASE_URL": "postgresql://anna:s3cret@127.0.0.1:9/x"},
            8,
            {"Database"},
            "postgresql://anna:***@127.0.0.1",
        ),
    ],
    ids=[
        *("token", "network", "key", "model", "model's network", "model's address"),
        *("sqlite", "directory", "file", "server", "postgresql"),
    ],
)
async def test_what_is_wrong_is_found_and_the_rest_examined(
    patient: Patient, changes: dict[str, str], status: int, failing: set[str], told: str
) -> None:
    host = patient.model.base_url.removesuffix("/v1")
    ended, said = await patient.run("check", **{name: value.format(model=host) for name, value in changes.items()})
    assert ended == status, said
    others = "–" if "Discord token" in failing else "ok"
    expected = {name: others if name in ("Gateway", "Intents") else "ok" for name in EXAMINED}
    assert findings(said) == {**expected, **dict.fromkeys(failing, "no")}, said
    assert said.count(told) == 1 and "Traceback" not in said
    assert not any(secret in said for secret in ("s3cret", "a-wrong-one", WRONG_TOKEN))


async def test_an_intent_that_is_not_switched_on(patient: Patient) -> None:
    async with Playground(privileged=0) as strict:
        there = {"DISCORD_TOKEN": strict.token, "DISCORD_API_URL": strict.api_url}
        wanted = await patient.run("check", **there)
        unwanted = await patient.run("check", **there, CAUSERIE_MESSAGE_CONTENT="false")
    assert wanted[0] == 5 and findings(wanted[1])["Intents"] == "no"
    assert unwanted[0] == 0 and "without message content" in unwanted[1]


async def test_a_cache_that_cannot_be_written_is_no_reason_to_fail(patient: Patient) -> None:
    status, said = await patient.run("check", CAUSERIE_CACHE_DIR="/dev/null/cache")
    assert status == 0 and "Traceback" not in said, said
    (ranks,) = (line.strip() for line in said.splitlines() if "Token ranks" in line)
    assert ranks.startswith("ok") and ranks.endswith("loaded, but they cannot be kept in /dev/null/cache"), ranks


async def test_settings_are_read_first(patient: Patient) -> None:
    status, said = await patient.run("check", DISCORD_TOKEN="", LOG_LEVEL="loud")
    assert status == 2 and {line.split()[0] for line in said.splitlines()} == {"DISCORD_TOKEN", "LOG_LEVEL"}


async def test_the_life_of_a_database(patient: Patient, tmp_path: Path) -> None:
    first = await patient.run("db", "upgrade")
    assert first[0] == 0 and first[1].startswith("schema none → ")
    again = await patient.run("db", "upgrade")
    assert again[0] == 0 and again[1].endswith("nothing to do")
    assert await patient.run("db", "check") == (0, "the database is whole")
    copy = tmp_path / "copy.db"
    status, said = await patient.run("db", "backup", str(copy))
    assert status == 0 and str(copy) in said
    database = sqlite3.connect(copy)
    tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    database.close()
    assert {"runs", "alembic_version"} <= tables
    status, said = await patient.run("db", "backup", str(copy))
    assert status == 1 and "exists already" in said


async def test_a_backup_that_cannot_be_made_says_why(patient: Patient, tmp_path: Path) -> None:
    there = f"sqlite:///{tmp_path / 'empty.db'}"
    (tmp_path / "empty.db").touch()
    nothing = await patient.run("db", "backup", "copy.db")
    nowhere = await patient.run("db", "backup", "no such directory/copy.db", DATABASE_URL=there)
    elsewhere = await patient.run("db", "backup", "copy.db", DATABASE_URL="postgresql://db/causerie")
    assert nothing[0] == 8 and "DATABASE_URL" in nothing[1] and "Traceback" not in nothing[1]
    assert nowhere[0] == 1 and "no such directory" in nowhere[1] and "Traceback" not in nowhere[1]
    assert elsewhere[0] == 1 and "pg_dump" in elsewhere[1]
    assert not (tmp_path / "copy.db").exists()


async def test_the_health_of_no_bot(patient: Patient) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        status, said = await patient.run("health", HEALTH_PORT=str(port))
    assert status == 1 and said == f"not ready: nothing answers on port {port} (Connection refused)"


async def test_a_command_that_does_not_exist(patient: Patient) -> None:
    status, said = await patient.run("dance")
    assert status == 2 and "dance" in said and "Traceback" not in said
