"""Logs as they leave the process: what is in a line, and what never is."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator

import pytest
import structlog

from bot import config
from bot.logging import HIDDEN, Redaction, configure

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.Gabcde.abcdefghijklmnopqrstuvwxyz0123456789AB"
OTHER_TOKEN = "OTg3NjU0MzIxMDk4NzY1NDMy.Xyzabc.zyxwvutsrqponmlkjihgfedcba9876543210ZY"
KEY = "a-key-of-another-server"
PASSWORD = "p%40ss/w%3Ard!"

Configure = Callable[..., io.StringIO]


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[Configure]:
    """Configures the process's logs, and takes that back."""
    root, touched = logging.getLogger(), ("bot", "cogs", "discord.app_commands.tree", "discord.http")
    before = (root.level, root.handlers[:], [logging.getLogger(name).level for name in touched])

    def start(**changes: str) -> io.StringIO:
        lines = io.StringIO()
        monkeypatch.setattr(sys, "stderr", lines)
        given = {"DISCORD_TOKEN": TOKEN, "OPENAI_API_KEY": KEY, "LOG_FORMAT": "json"}
        given["DATABASE_URL"] = f"postgresql://anna:{PASSWORD}@db/causerie"
        configure(config.load({**given, **changes}, None))
        return lines

    yield start
    structlog.reset_defaults()
    root.setLevel(before[0])
    root.handlers[:] = before[1]
    for name, level in zip(touched, before[2], strict=True):
        logging.getLogger(name).setLevel(level)


def events(lines: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def test_a_line_for_machines(configured: Configure) -> None:
    lines = configured()
    structlog.get_logger("bot.runs.turn").info("answered", channel=1234, model="gpt", text="안녕")
    (event,) = events(lines)
    assert str(event.pop("timestamp")).endswith("Z")
    assert event == {
        "event": "answered",
        "level": "info",
        "logger": "bot.runs.turn",
        "channel": 1234,
        "model": "gpt",
        "text": "안녕",
    }
    assert "안녕" in lines.getvalue()


def test_a_line_for_people(configured: Configure) -> None:
    lines = configured(LOG_FORMAT="console")
    structlog.get_logger("bot.app").warning("model_not_checked", error="no answer")
    (line,) = lines.getvalue().splitlines()
    assert "warning" in line and "model_not_checked" in line and "error='no answer'" in line
    assert "\x1b" not in line


def test_libraries_speak_in_the_same_form(configured: Configure) -> None:
    lines = configured()
    logging.getLogger("discord.gateway").warning("Shard %s is %s.", 1, "late")
    (event,) = events(lines)
    assert (event["event"], event["level"], event["logger"]) == ("Shard 1 is late.", "warning", "discord.gateway")


@pytest.mark.parametrize(
    ("level", "heard"),
    [
        ("DEBUG", ["bot.app debug", "bot.app info", "bot.app warning", "cogs.ask debug", "aiohttp warning"]),
        ("INFO", ["bot.app info", "bot.app warning", "aiohttp warning"]),
        ("WARNING", ["bot.app warning", "aiohttp warning"]),
        ("ERROR", []),
    ],
)
def test_the_level_is_for_this_program_and_libraries_only_warn(
    configured: Configure, level: str, heard: list[str]
) -> None:
    lines = configured(LOG_LEVEL=level)
    ours = structlog.get_logger("bot.app")
    for say in (ours.debug, ours.info, ours.warning):
        say("said")
    structlog.get_logger("cogs.ask").debug("said")
    logging.getLogger("aiohttp").info("said")
    logging.getLogger("aiohttp").warning("said")
    assert [f"{event['logger']} {event['level']}" for event in events(lines)] == heard


def test_what_fails_out_of_sight_is_logged(configured: Configure) -> None:
    lines = configured()
    logging.getLogger("discord.app_commands.tree").error("Ignoring exception in autocomplete")
    logging.getLogger("discord.http").info("A rate limit bucket has been exhausted.")
    logging.getLogger("discord.http").warning("We are being rate limited.")
    expected = ["Ignoring exception in autocomplete", "We are being rate limited."]
    assert [event["event"] for event in events(lines)] == expected


SECRETS = {
    "token": TOKEN,
    "key": KEY,
    "password": PASSWORD,
    "password, decoded": "p@ss/w:rd!",
    "password in an address": f"postgresql+asyncpg://anna:{PASSWORD}@db/causerie",
    "another's token": OTHER_TOKEN,
    "another's key": "sk-proj-abc_DEF-1234567890",
    "another's address": "postgresql://bert:hunter22@db/other",
    "an address without a name": "redis://:hunter22@cache/0",
    "a header": "{'Authorization': 'Bearer hunter22hunter22'}",
    "Discord's header": "Authorization: Bot hunter22.hunter22.hunter22",
}
PARTS = (TOKEN, KEY, PASSWORD, "p@ss/w:rd!", OTHER_TOKEN, "sk-proj", "hunter22")

every_secret = pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
both_formats = pytest.mark.parametrize("log_format", ["console", "json"])


def assert_hidden(lines: io.StringIO) -> None:
    said = lines.getvalue()
    assert HIDDEN in said and not any(part in said for part in PARTS), said


@every_secret
@both_formats
def test_no_secret_is_in_a_line(configured: Configure, secret: str, log_format: str) -> None:
    lines = configured(LOG_FORMAT=log_format)
    structlog.get_logger("bot.app").info("said", detail=f"<{secret}>", nested={"deep": [1, (secret,)]})
    structlog.get_logger("bot.app").info(f"event {secret}")
    structlog.get_logger("bot.app").info("positional %s", secret)
    logging.getLogger("discord.http").warning("refused %s", secret)
    logging.getLogger("discord.http").warning("refused %r", ValueError(secret))
    assert len(lines.getvalue().splitlines()) == 5
    assert_hidden(lines)


@every_secret
@both_formats
def test_no_secret_is_in_a_traceback(configured: Configure, secret: str, log_format: str) -> None:
    lines = configured(LOG_FORMAT=log_format)
    try:
        try:
            raise OSError(f"cause {secret}")
        except OSError as cause:
            raise ValueError(f"effect {secret}") from cause
    except ValueError as error:
        structlog.get_logger("bot.app").exception("failed", error=error)
        logging.getLogger("discord.client").exception("failed too")
        logging.getLogger("asyncio").error("later", exc_info=error)
    said = lines.getvalue()
    assert said.count("Traceback (most recent call last)") == 6 and "cause " in said and "effect " in said
    assert_hidden(lines)


def test_objects_are_hidden_in_their_own_words(configured: Configure) -> None:
    class Request:
        def __repr__(self) -> str:
            return f"<Request {TOKEN}>"

    lines = configured()
    structlog.get_logger("bot.app").info("said", request=Request(), raw=TOKEN.encode())
    assert_hidden(lines)


@pytest.mark.parametrize(
    "text",
    [
        "bot.runs.turn",
        "gpt-4.1-mini-2025-04-14",
        "http://127.0.0.1:8081/readyz",
        "sqlite:///data/causerie.db",
        "postgresql://db/causerie",
        "123456789012345678",
        "Bot is ready",
        "task-12",
        "2026-11-21T06:12:33.123456Z",
        "3.11.7",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redaction([TOKEN]).text(text) == text


def test_a_password_too_short_to_be_told_from_a_word_is_hidden_in_addresses_only() -> None:
    hide = Redaction(["bot"])
    assert hide.text("bot at postgresql://anna:bot@db/x") == f"bot at postgresql://{HIDDEN}@db/x"


@pytest.mark.parametrize(
    "url",
    ["postgresql://anna:pa[ss@db/causerie", "postgresql://anna@db/x?password=pa[ssword", "sqlite:///data/a:b@c.db"],
)
def test_an_address_is_read_whatever_is_in_it(configured: Configure, url: str) -> None:
    lines = configured(DATABASE_URL=url)
    structlog.get_logger("bot.app").info("said", url=url)
    (event,) = events(lines)
    assert "pa[ss" not in str(event["url"])
    assert url.startswith("postgresql") or event["url"] == url
