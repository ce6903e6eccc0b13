"""The program's commands: what they leave behind, and what they must not. `tests/journeys/test_check.py` has more."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from bot import __version__, cli
from playground.models.scripted import ScriptedServer
from playground.server import Playground
from tests.journeys.conftest import environment

KEY = "sk-the-right-one"
EXAMINED = ("Discord token", "Gateway", "Intents", "Model", "Database", "Token ranks")


@dataclass(frozen=True, slots=True)
class Done:
    status: int
    said: str
    complained: str

    @property
    def rows(self) -> dict[str, str]:
        """Of the doctor's table: ok or no, by what was examined."""
        lines = [line.split(maxsplit=1) for line in self.said.splitlines() if line.strip()]
        return {name: line[0] for line in lines for name in EXAMINED if line[1:] and line[1].startswith(name)}


@dataclass(frozen=True, slots=True)
class Terminal:
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    directory: Path

    @property
    def database(self) -> Path:
        return self.directory / "causerie.db"

    def given(self, **variables: str) -> None:
        for name, value in variables.items():
            self.monkeypatch.setenv(name, value)

    def types(self, *arguments: str) -> Done:
        self.monkeypatch.setattr(sys, "argv", ["bot", *arguments])
        self.capsys.readouterr()
        try:
            status = cli.main()
        except SystemExit as end:
            status = int(end.code or 0)
        out, err = self.capsys.readouterr()
        return Done(status, out, err)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Terminal:
    monkeypatch.chdir(tmp_path)
    for name, printed in (("out", cli.out), ("err", cli.err)):
        monkeypatch.setattr(cli, name, Console(width=400, soft_wrap=True, stderr=printed.stderr))
    made = Terminal(monkeypatch, capsys, tmp_path)
    made.given(DISCORD_TOKEN="token", OPENAI_API_KEY=KEY, DATABASE_URL=f"sqlite:///{made.database}")
    return made


@pytest.fixture
async def examined(terminal: Terminal) -> AsyncIterator[Terminal]:
    """In a world where all is well."""
    async with Playground() as playground, ScriptedServer(api_key=KEY) as model:
        terminal.given(**environment(playground, model.base_url, terminal.directory, OPENAI_API_KEY=KEY))
        yield terminal


async def test_the_doctor_ends_with_the_status_of_the_first_failure_and_examines_the_rest(examined: Terminal) -> None:
    examined.given(OPENAI_MODEL="gpt-99", DATABASE_URL="sqlite:////dev/null/x.db")
    done = await asyncio.to_thread(examined.types, "check")
    assert done.status == 7
    assert [name for name, found in done.rows.items() if found == "no"] == ["Model", "Database"]
    assert tuple(done.rows) == EXAMINED


async def test_the_doctor_repeats_what_it_was_told_to_the_letter(examined: Terminal) -> None:
    """Square brackets are addresses here, no instructions to the terminal."""
    examined.given(DISCORD_API_URL="http://[::1]:9/[bold]x", OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    done = await asyncio.to_thread(examined.types, "check")
    assert "http://[::1]:9/[bold]x" in done.said
    (model,) = (line for line in done.said.splitlines() if "Model" in line)
    assert "(" in model.partition("cannot be reached")[2], "the operator is told why"


DATABASE_COMMANDS = (("db", "upgrade"), ("db", "check"), ("db", "backup", "copy.db"))


def test_the_doctor_is_told_of_every_setting_that_is_wrong(terminal: Terminal) -> None:
    terminal.given(DISCORD_TOKEN="", LOG_FORMAT="xml")
    done = terminal.types("check")
    assert done.status == 2 and done.said == ""
    assert [line.split()[0] for line in done.complained.splitlines()] == ["DISCORD_TOKEN", "LOG_FORMAT"]


def test_care_for_the_database_takes_its_address_alone(terminal: Terminal) -> None:
    terminal.given(DISCORD_TOKEN="", OPENAI_API_KEY="", LOG_FORMAT="xml", CAUSERIE_OF_A_NEWER_VERSION="1")
    assert [terminal.types(*arguments).status for arguments in DATABASE_COMMANDS] == [0, 0, 0]
    (terminal.directory / ".env").write_text(f"DATABASE_URL=sqlite:///{terminal.directory / 'copy.db'}\n")
    terminal.given(DATABASE_URL="")
    assert terminal.types("db", "check").said.strip() == "the database is whole"


def test_an_address_that_is_wrong_ends_the_care_for_the_database(terminal: Terminal) -> None:
    for file, url in (("", "causerie.db"), ("DATABSE_URL=sqlite:///other.db", "")):
        (terminal.directory / ".env").write_text(file)
        terminal.given(DATABASE_URL=url)
        for arguments in DATABASE_COMMANDS:
            done = terminal.types(*arguments)
            (line,) = done.complained.splitlines()
            assert done.status == 2 and done.said == "" and line.split()[0] in ("DATABASE_URL", "DATABSE_URL")


def test_a_schema_is_made_once(terminal: Terminal) -> None:
    first, second = terminal.types("db", "upgrade"), terminal.types("db", "upgrade")
    assert (first.status, second.status) == (0, 0)
    assert first.said.startswith("schema none → ") and "nothing to do" in second.said
    assert terminal.types("db", "check").said.strip() == "the database is whole"


def test_a_newer_schema_is_left_alone(terminal: Terminal) -> None:
    with closing(sqlite3.connect(terminal.database)) as database, database:
        database.execute("CREATE TABLE alembic_version (version_num TEXT)")
        database.execute("INSERT INTO alembic_version VALUES ('9999')")
    for command in ("upgrade", "check"):
        done = terminal.types("db", command)
        assert done.status == 9 and "9999" in done.complained


def test_rows_that_point_to_nothing_are_found(terminal: Terminal) -> None:
    terminal.types("db", "upgrade")
    with closing(sqlite3.connect(terminal.database)) as database, database:
        database.execute("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
        database.execute("CREATE TABLE child (parent_id INTEGER REFERENCES parent)")
        database.execute("INSERT INTO child VALUES (7)")
    done = terminal.types("db", "check")
    assert (done.status, done.said) == (8, "")
    assert done.complained.strip() == "row 1 of child points to a missing row of parent"


def numbers(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as database:
        return [row[0] for row in database.execute("SELECT number FROM notes")]


def note(database: sqlite3.Connection, number: int) -> None:
    database.execute("INSERT INTO notes VALUES (?)", (number,))


def test_a_backup_beside_a_running_writer_has_what_was_committed(terminal: Terminal) -> None:
    terminal.types("db", "upgrade")
    copy = terminal.directory / "copy.db"
    with closing(sqlite3.connect(terminal.database, isolation_level=None)) as writer:
        writer.execute("CREATE TABLE notes (number INTEGER)")
        note(writer, 1)
        writer.execute("BEGIN IMMEDIATE")
        note(writer, 2)
        done = terminal.types("db", "backup", str(copy))
        writer.execute("COMMIT")
    assert done.status == 0 and f"{copy.stat().st_size:,} bytes in {copy}" in done.said
    assert (numbers(copy), numbers(terminal.database)) == ([1], [1, 2])
    terminal.given(DATABASE_URL=f"sqlite:///{copy}")
    assert terminal.types("db", "check").status == 0


@pytest.mark.parametrize("name", ["a#b.db", "a b.db", "대화.db"])
def test_a_backup_is_of_the_database_that_was_named(terminal: Terminal, name: str) -> None:
    original = terminal.directory / name
    with closing(sqlite3.connect(original, isolation_level=None)) as database:
        database.execute("CREATE TABLE notes (number INTEGER)")
        note(database, 7)
    terminal.given(DATABASE_URL=f"sqlite:///{name}")
    assert terminal.types("db", "backup", "copy.db").status == 0
    assert numbers(terminal.directory / "copy.db") == [7]
    assert {path.name for path in terminal.directory.iterdir()} == {name, "copy.db"}


def test_a_backup_of_nothing_leaves_nothing(terminal: Terminal) -> None:
    done = terminal.types("db", "backup", "copy.db")
    assert done.status == 8 and str(terminal.database) in done.complained
    assert list(terminal.directory.iterdir()) == []


def test_a_backup_without_a_file_is_asked_for_what_the_documents_call_it(terminal: Terminal) -> None:
    done = terminal.types("db", "backup")
    assert done.status == 2 and "Missing argument 'FILE'" in done.complained


def test_a_backup_never_replaces_a_file(terminal: Terminal) -> None:
    terminal.types("db", "upgrade")
    (terminal.directory / "copy.db").write_text("precious")
    done = terminal.types("db", "backup", "copy.db")
    assert done.status == 1 and "exists already" in done.complained
    assert (terminal.directory / "copy.db").read_text() == "precious"


def test_postgresql_has_a_backup_of_its_own(terminal: Terminal) -> None:
    terminal.given(DATABASE_URL="postgresql://anna:s3cret@127.0.0.1:9/causerie")
    done = terminal.types("db", "backup", "copy.db")
    assert done.status == 1 and "pg_dump" in done.complained and "s3cret" not in done.complained


def test_the_version(terminal: Terminal) -> None:
    assert terminal.types("version").said.strip() == __version__


@pytest.mark.parametrize(
    ("start", "unneeded"),
    [
        ("import bot.app", {"typer", "alembic", "openai"}),
        ("from bot.__main__ import main; main()", {"typer", "alembic", "openai", "discord", "sqlalchemy"}),
    ],
    ids=["bot", "health"],
)
def test_what_is_not_needed_is_not_imported(start: str, unneeded: set[str]) -> None:
    """Running the bot takes no command line, and a container's health check next to nothing. structlog brings rich."""
    code = f"import sys; sys.argv[1:] = ['health']; {start}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not unneeded & set(done.stdout.split())
