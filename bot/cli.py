"""Commands of the program beside running the bot: the doctor, and care for the database."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import aiohttp
import sqlalchemy as sa
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot import __version__, config
from bot.config import Config
from bot.context.tokens import TokenCounter, encoding_name, provide_ranks
from bot.errors import (
    CauserieError,
    DatabaseUnusable,
    DiscordUnreachable,
    EndpointMissing,
    IntentsRefused,
    KeyRefused,
    ModelAddressWrong,
    ModelError,
    ModelKeyRefused,
    ModelNotFound,
    ModelSilent,
    ModelUnknown,
    StartupError,
    TimedOut,
    TokenRefused,
    Unreachable,
)
from bot.health import probe
from bot.llm.openai import OpenAIModel
from bot.storage import HEAD, found, open_storage
from bot.storage import upgrade as upgrade_schema
from bot.words import words
from bot.words.explain import explain

MESSAGE_CONTENT_FLAGS = 1 << 18 | 1 << 19
"""GATEWAY_MESSAGE_CONTENT and its form for unverified apps (Discord's documentation, Application Flags)."""

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Causerie. Without a command, the bot runs.",
)
db = typer.Typer(no_args_is_help=True, help="Care for the database.")
app.add_typer(db, name="db")
out = Console(soft_wrap=True)
err = Console(stderr=True, soft_wrap=True)


def main() -> int:
    """Exit status of `bot.errors` where a command fails; typer itself ends the process in every other case."""
    try:
        app()
    except StartupError as error:
        err.print(explain(error, words(None)), markup=False, highlight=False)
        return error.exit_status
    return 0


@app.command()
def version() -> None:
    """Print the version."""
    out.print(__version__)


@app.command()
def health() -> None:
    """Ask the bot on this machine whether it is ready; for a container's health check."""
    raise typer.Exit(probe())


@app.command()
def check() -> None:
    """Examine everything that the bot needs before it can run."""
    raise typer.Exit(asyncio.run(_check(config.load())))


@db.command()
def upgrade() -> None:
    """Bring the schema up to date. The bot does so at its start, too."""
    before, after = asyncio.run(upgrade_schema(config.load_database_url()))
    out.print(f"schema {after}: nothing to do" if before == after else f"schema {before or 'none'} → {after}")


@db.command("check")
def check_database() -> None:
    """Examine the whole database."""
    url = config.load_database_url()
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(str(parsed.database)).is_file():
        raise DatabaseUnusable(url, "there is none yet; the first start makes it")
    problems = asyncio.run(_database_problems(url))
    for problem in problems:
        err.print(problem, markup=False)
    if problems:
        raise typer.Exit(DatabaseUnusable.exit_status)
    out.print("the database is whole")


@db.command()
def backup(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="Where the copy goes to; it must not exist.")],
) -> None:
    """Copy a SQLite database while the bot runs."""
    url = sa.make_url(config.load_database_url())
    if url.get_backend_name() != "sqlite":
        err.print("This database is PostgreSQL: use pg_dump.")
        raise typer.Exit(1)
    if target.exists():
        err.print(f"{target} exists already.", markup=False)
        raise typer.Exit(1)
    if not target.absolute().parent.is_dir():
        err.print(f"{target.absolute().parent} is no directory.", markup=False)
        raise typer.Exit(1)
    copied = _copy(Path(str(url.database)), target)
    out.print(f"{copied:,} bytes in {target}", markup=False)


def _copy(source: Path, target: Path) -> int:
    """SQLite's own online backup: a consistent copy beside a running writer. Raises DatabaseUnusable."""
    try:
        # As a URI: only so is a file that is missing an error, and not a new and empty database.
        address = f"{source.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as original, closing(sqlite3.connect(target)) as copy:
            original.backup(copy)
    except sqlite3.Error as error:
        target.unlink(missing_ok=True)
        raise DatabaseUnusable(f"sqlite:///{source}", str(error)) from error
    return target.stat().st_size


async def _database_problems(url: str) -> list[str]:
    storage = await open_storage(url, migrate=False)
    try:
        return await storage.check()
    finally:
        await storage.close()


@dataclass(frozen=True, slots=True)
class _Examination:
    name: str
    examine: Callable[[Config], Awaitable[str]]
    """Returns what was found; raises CauserieError."""


async def _check(settings: Config) -> int:
    """Every examination, whatever the others find; returns the exit status of the first that fails.

    Where Discord gives no answer to one, the others that ask it would only say the same.
    """
    table = Table(show_header=False, box=None)
    status, mute = 0, False
    for examination in _EXAMINATIONS:
        if mute and examination in _ASKING_DISCORD:
            table.add_row("[dim]–[/]", examination.name, "not examined")
            continue
        try:
            table.add_row("[green]ok[/]", examination.name, escape(await examination.examine(settings)))
        except CauserieError as error:
            table.add_row("[red]no[/]", examination.name, escape(_told(error)))
            mute = mute or isinstance(error, (DiscordUnreachable, TokenRefused))
            status = status or (error.exit_status if isinstance(error, StartupError) else 1)
    out.print(table)
    return status


def _told(error: CauserieError) -> str:
    """With the server's own words, which people in Discord are not shown."""
    text = explain(error, words(None))
    return f"{text} ({error.detail})" if isinstance(error, ModelError) and error.detail else text


async def _discord(settings: Config, path: str) -> dict[str, object]:
    """Raises TokenRefused, DiscordUnreachable."""
    headers = {
        "Authorization": f"Bot {settings.discord_token.get_secret_value()}",
        "User-Agent": f"DiscordBot (causerie, {__version__})",
    }
    url = f"{settings.discord_api_url.rstrip('/')}{path}"
    try:
        timeout = aiohttp.ClientTimeout(total=10)
        async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session, session.get(url) as response:
            if response.status == 401:
                raise TokenRefused
            response.raise_for_status()
            found: dict[str, object] = await response.json()
            return found
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise DiscordUnreachable(settings.discord_api_url, str(error) or type(error).__name__) from error


async def _token(settings: Config) -> str:
    return f"logged in as {(await _discord(settings, '/users/@me')).get('username')}"


async def _gateway(settings: Config) -> str:
    found = await _discord(settings, "/gateway/bot")
    return f"{found.get('url')}, {found.get('shards')} shard(s)"


async def _intents(settings: Config) -> str:
    flags = (await _discord(settings, "/oauth2/applications/@me")).get("flags")
    granted = bool(int(str(flags or 0)) & MESSAGE_CONTENT_FLAGS)
    if settings.message_content and not granted:
        raise IntentsRefused
    return "message content is switched on" if granted else "without message content: mentions, replies and DMs"


async def _model(settings: Config) -> str:
    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else ""
    model = OpenAIModel(settings.openai_base_url, key, silence=20)
    try:
        await model.check(settings.openai_model)
    except KeyRefused as error:
        raise ModelKeyRefused(settings.openai_base_url) from error
    except ModelNotFound as error:
        raise ModelUnknown(settings.openai_model, settings.openai_base_url) from error
    except EndpointMissing as error:
        raise ModelAddressWrong(settings.openai_base_url, error.detail) from error
    except (Unreachable, TimedOut) as error:
        raise ModelSilent(settings.openai_base_url, error.detail or type(error).__name__) from error
    finally:
        await model.close()
    return f"{settings.openai_model} at {settings.openai_base_url}"


async def _database(settings: Config) -> str:
    """An older one is left as it is: whoever looks before an upgrade may not have backed it up yet."""
    revision = await found(settings.database_url)
    if revision not in (None, HEAD):
        return f"schema {revision}: the next start brings it to {HEAD}"
    storage = await open_storage(settings.database_url)
    try:
        problems = await storage.check()
    finally:
        await storage.close()
    if problems:
        raise DatabaseUnusable(storage.url, "; ".join(problems))
    return storage.url


async def _ranks(settings: Config) -> str:
    counter = TokenCounter(settings.openai_model, cache_dir=settings.cache_dir)
    await counter.load()
    try:
        await asyncio.to_thread(provide_ranks, encoding_name(settings.openai_model), settings.cache_dir)
    except OSError:
        return f"loaded, but they cannot be kept in {settings.cache_dir}"
    return f"in {settings.cache_dir}"


_ASKING_DISCORD = (
    _Examination("Discord token", _token),
    _Examination("Gateway", _gateway),
    _Examination("Intents", _intents),
)
_EXAMINATIONS = (
    *_ASKING_DISCORD,
    _Examination("Model", _model),
    _Examination("Database", _database),
    _Examination("Token ranks", _ranks),
)
