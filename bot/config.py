"""The operator's settings: environment variables, or the same names in a file `.env`; the environment wins.

Read once, at the start; whatever is wrong is reported all at once. `python -m bot.config` prints `.env.example`.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from dotenv import dotenv_values
from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.errors import ConfigurationError

OPENAI = "https://api.openai.com/v1"
_OWN = "CAUSERIE_"
_TYPES = {
    "int_parsing": "is not a whole number",
    "float_parsing": "is not a number",
    "bool_parsing": "is not true or false",
}


def _without_quotes(value: object) -> object:
    """As people paste it: with spaces, quotes, or the word Bot in front."""
    return value.strip().strip("\"'").removeprefix("Bot ").strip() if isinstance(value, str) else value


Token = Annotated[SecretStr, BeforeValidator(_without_quotes)]


def _own(name: str, default: Any, description: str, **limits: Any) -> Any:
    return Field(default, validation_alias=_OWN + name, description=description, **limits)


class Config(BaseSettings):
    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_file=None)

    discord_token: Token = Field(
        validation_alias="DISCORD_TOKEN", min_length=1, description="The bot's token, from Discord's developer portal."
    )
    discord_api_url: str = Field(
        "https://discord.com/api/v10",
        validation_alias="DISCORD_API_URL",
        pattern=r"^https?://",
        description="Discord's API, or a proxy or a playground in its place.",
    )
    openai_api_key: Token | None = Field(
        None,
        validation_alias="OPENAI_API_KEY",
        description="Key of the model's server. Needed for OpenAI; other servers may need none.",
    )
    openai_base_url: str = Field(
        OPENAI,
        validation_alias="OPENAI_BASE_URL",
        pattern=r"^https?://",
        description="Any server with OpenAI's Chat Completions.",
    )
    openai_model: str = Field(
        "gpt-6-luna", validation_alias="OPENAI_MODEL", description="The model of channels whose persona names none."
    )
    database_url: str = Field(
        "sqlite:///data/causerie.db",
        validation_alias="DATABASE_URL",
        pattern=r"^(sqlite|postgres(ql)?)(\+\w+)?://",
        description="sqlite:///path/to/file.db, or postgresql://user:password@host/database.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", validation_alias="LOG_LEVEL", description="DEBUG, INFO, WARNING or ERROR."
    )
    log_format: Literal["console", "json"] = Field(
        "console", validation_alias="LOG_FORMAT", description="console for people, json for machines."
    )
    health_port: int | None = Field(
        None,
        validation_alias="HEALTH_PORT",
        ge=1,
        le=65_535,
        description="Port of /livez and /readyz. Off without one; 8081 in the image.",
    )
    window_tokens: int = _own(
        "WINDOW_TOKENS", 16_000, "Most tokens of one call: history, question and answer.", ge=1_000, le=1_000_000
    )
    answer_tokens: int = _own("ANSWER_TOKENS", 4_000, "Longest answer, hidden thinking included.", ge=64, le=128_000)
    message_content: bool = _own(
        "MESSAGE_CONTENT",
        False,
        "Ask Discord for the message content intent: needed to answer every message of a channel.",
    )
    concurrent_runs: int = _own("CONCURRENT_RUNS", 32, "Answers written at the same time.", ge=1, le=1_000)
    global_rate: float = _own(
        "GLOBAL_RATE", 50.0, "Requests a second that Discord allows this bot. Large bots may have more.", ge=1, le=1_000
    )
    model_timeout: float = _own(
        "MODEL_TIMEOUT", 60.0, "Seconds of silence after which a call to the model is given up.", ge=1, le=600
    )
    drain_seconds: float = _own(
        "DRAIN_SECONDS", 20.0, "Seconds that running answers get to end after SIGTERM.", ge=0, le=600
    )
    cache_dir: Path = _own("CACHE_DIR", Path("data/cache"), "Where token ranks are unpacked.")


def load(environment: Mapping[str, str] | None = None, env_file: Path | None = Path(".env")) -> Config:
    """Raises ConfigurationError with every problem. An empty value counts as missing."""
    given = dict(environment if environment is not None else os.environ)
    if env_file is not None and env_file.is_file():
        given = {**{name: value or "" for name, value in dotenv_values(env_file).items()}, **given}
    given = {name: value.strip() for name, value in given.items() if value.strip()}
    problems = list(_unknown(given))
    try:
        config = Config.model_validate({name: given[name] for name in names() if name in given})
    except ValidationError as error:
        raise ConfigurationError((*_problems(error), *problems)) from None
    problems += _missing_key(config)
    if problems:
        raise ConfigurationError(tuple(problems))
    return config


def names() -> Iterator[str]:
    return (str(field.validation_alias) for field in Config.model_fields.values())


def _problems(error: ValidationError) -> Iterator[tuple[str, str]]:
    for problem in error.errors(include_input=False, include_url=False):
        name, kind = str(problem["loc"][0]), problem["type"]
        if kind == "missing":
            yield name, f"is missing. {_description(name)}"
        elif kind == "string_pattern_mismatch":
            yield name, f"is not an address of the right kind. {_description(name)}"
        else:
            yield name, _TYPES.get(kind, problem["msg"][0].lower() + problem["msg"][1:])


def _description(name: str) -> str:
    return next(str(field.description) for field in Config.model_fields.values() if field.validation_alias == name)


def _unknown(given: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    known = list(names())
    for name in sorted(given):
        if name.startswith(_OWN) and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            yield name, f"is no setting of this bot. Did you mean {near[0]}?" if near else "is no setting of this bot."


def _missing_key(config: Config) -> Iterator[tuple[str, str]]:
    if config.openai_api_key is None and config.openai_base_url.rstrip("/") == OPENAI:
        yield "OPENAI_API_KEY", f"is missing. {_description('OPENAI_API_KEY')}"


def example() -> str:
    """The text of `.env.example`."""
    lines = ["# Copy to .env and fill in what is needed. A variable of the environment wins over this file.", ""]
    for field in Config.model_fields.values():
        required = field.is_required() or field.validation_alias == "OPENAI_API_KEY"
        lines += [f"# {field.description}", f"{'' if required else '# '}{field.validation_alias}={shown(field)}", ""]
    return "\n".join(lines)


def shown(field: FieldInfo) -> str:
    """A default as an operator would write it."""
    if field.is_required() or field.default is None:
        return ""
    return str(field.default).lower() if isinstance(field.default, bool) else f"{field.default}"


if __name__ == "__main__":
    print(example(), end="")
