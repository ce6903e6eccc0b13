from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from bot.config import load
from bot.logging import HIDDEN, configure
from tests.test_config import GIVEN, TOKEN

SECRETS = {**GIVEN, "DATABASE_URL": "postgresql://anna:pa55word@db/causerie", "LOG_FORMAT": "json"}


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_secrets_are_hidden_wherever_they_stand(capsys: pytest.CaptureFixture[str]) -> None:
    configure(load(SECRETS, None))
    log = structlog.get_logger("bot.test")
    log.warning(
        "said", token=TOKEN, header={"Authorization": "Bearer sk-secret-0123456789"}, url=SECRETS["DATABASE_URL"]
    )
    logging.getLogger("discord.http").warning("sent %s", TOKEN)
    try:
        raise ValueError(f"refused {TOKEN} and sk-another-key-000")
    except ValueError:
        log.exception("failed")
    said = capsys.readouterr().err
    assert said.count(HIDDEN) >= 5
    assert not any(secret in said for secret in (TOKEN, "sk-secret", "sk-another", "pa55word"))


def test_a_line_is_an_event_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    configure(load(SECRETS, None))
    structlog.get_logger("bot.runs").info("run_ended", run=7, status="completed")
    logging.getLogger("discord.gateway").info("chatter")
    (line,) = lines(capsys)
    assert (line["event"], line["run"], line["level"], line["logger"]) == ("run_ended", 7, "info", "bot.runs")


def test_the_level_is_the_operators(capsys: pytest.CaptureFixture[str]) -> None:
    configure(load({**SECRETS, "LOG_LEVEL": "ERROR"}, None))
    structlog.get_logger("bot.runs").warning("quiet")
    assert lines(capsys) == []
