"""Logs: one structured line an event, for people or for machines, without secrets and without what people wrote."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.config import Config

HIDDEN = "[hidden]"

# A Discord token is three parts of base64 text; keys of OpenAI and its imitators begin with sk-.
_SECRETS = re.compile(
    r"[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}|\bsk-[\w-]{8,}"
    r"|(?<=://)[^\s/@:]*:[^\s/@]+(?=@)|(?<=Bearer )\S+|(?<=Bot )[\w.-]{20,}"
)

# As SQLAlchemy reads an address: the password goes to the first @, and may be a parameter instead.
_PASSWORDS = re.compile(r"(?:\A\w+(?:\+\w+)?://[^:/@]*:|[?&]password=)([^@&]+)")


class Redaction:
    """A processor that hides the given secrets, and whatever looks like one, in every text of an event."""

    def __init__(self, secrets: Iterable[str]) -> None:
        given = [re.escape(secret) for secret in secrets if len(secret) >= 6]
        self._pattern = re.compile("|".join([*given, _SECRETS.pattern]))

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        return {key: self._hidden(value) for key, value in event.items()}

    def text(self, text: str) -> str:
        return self._pattern.sub(HIDDEN, text)

    def _hidden(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: self._hidden(held) for key, held in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._hidden(held) for held in value]
        return value if isinstance(value, (int, float, bool, type(None))) else self.text(str(value))


def configure(config: Config) -> None:
    """For the whole process: this program's loggers, and those of its libraries."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.format_exc_info,
        Redaction(secrets(config)),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(config)],
        )
    )
    # Libraries warn; what they do from day to day is theirs.
    logging.basicConfig(handlers=[handler], level="ERROR" if config.log_level == "ERROR" else "WARNING", force=True)
    for name in ("bot", "cogs"):
        logging.getLogger(name).setLevel(config.log_level)
    # A rate limit is the scheduler's to avoid, and worth a line whenever it does not.
    logging.getLogger("discord.http").setLevel(logging.WARNING)


def secrets(config: Config) -> list[str]:
    key = config.openai_api_key.get_secret_value() if config.openai_api_key else ""
    passwords = _PASSWORDS.findall(config.database_url)
    given = [config.discord_token.get_secret_value(), key, *passwords, *map(unquote, passwords)]
    return sorted({secret for secret in given if secret}, key=len, reverse=True)


def _renderer(config: Config) -> Processor:
    if config.log_format == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    # Tracebacks come formatted, so that they pass the redaction.
    plain = structlog.dev.plain_traceback
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)
