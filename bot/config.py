"""The operator's settings: environment variables, or the same names in a file `.env`; the environment wins.

Read once, at the start; whatever is wrong is reported all at once. `python -m bot.config` prints `.env.example`, and
with `--table` the table of `docs/configuration.md`.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from annotated_types import Ge, Le
from dotenv import dotenv_values
from pydantic import BaseModel, BeforeValidator, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.errors import ConfigurationError

_Settings = TypeVar("_Settings", bound=BaseModel)

OPENAI = "https://api.openai.com/v1"
_OWN = "CAUSERIE_"
_HTTP = r"^https?://"
_DATABASE = r"^(sqlite(\+\w+)?:///|postgres(ql)?(\+\w+)?://)"
_BEGINNINGS = {_HTTP: "http:// or https://", _DATABASE: "sqlite:/// or postgresql://"}
_QUOTED = re.compile(r"""\A(['"])(.*)\1\Z""", re.DOTALL)
_PROBLEMS = {
    "int_parsing": "is not a whole number.",
    "float_parsing": "is not a number.",
    "bool_parsing": "is not true or false.",
    "greater_than_equal": "has to be {ge:.10g} or more.",
    "less_than_equal": "has to be {le:.10g} or less.",
    "literal_error": "has to be {expected}.",
    "string_pattern_mismatch": "has to begin with {beginnings}. {description}",
    "secret": "has a space or a character in it that no key has: it was copied wrongly.",
    "missing": "is missing. {description}",
}
"""By pydantic's types of errors."""


def _key(value: object) -> object:
    """As people paste it: with the word Bot in front. What cannot be in a header is reported, not sent."""
    if not isinstance(value, str):
        return value
    key = value.removeprefix("Bot ").strip()
    if not re.fullmatch(r"[!-~]+", key):
        raise PydanticCustomError("secret", "not printable ASCII")
    return key


Key = Annotated[SecretStr, BeforeValidator(_key)]
Level = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(lambda value: str(value).upper())]


_DATABASE_URL: Any = Field(
    "sqlite:///data/causerie.db",
    validation_alias="DATABASE_URL",
    pattern=_DATABASE,
    description="sqlite:///path/to/file.db, or postgresql://user:password@host/database.",
)


def _own(name: str, default: Any, description: str, **limits: Any) -> Any:
    return Field(default, validation_alias=_OWN + name, description=description, **limits)


class Config(BaseSettings):
    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_file=None)

    discord_token: Key = Field(
        validation_alias="DISCORD_TOKEN", description="The bot's token, from Discord's developer portal."
    )
    discord_api_url: str = Field(
        "https://discord.com/api/v10",
        validation_alias="DISCORD_API_URL",
        pattern=_HTTP,
        description="Discord's API, or a proxy or a playground in its place.",
    )
    openai_api_key: Key | None = Field(
        None,
        validation_alias="OPENAI_API_KEY",
        description="Key of the model's server. Needed for OpenAI; other servers may need none.",
    )
    openai_base_url: str = Field(
        OPENAI,
        validation_alias="OPENAI_BASE_URL",
        pattern=_HTTP,
        description="Any server with OpenAI's Chat Completions.",
    )
    openai_model: str = Field(
        "gpt-6-luna", validation_alias="OPENAI_MODEL", description="The model of channels whose persona names none."
    )
    dialect: Literal["auto", "openai", "compatible"] = _own(
        "DIALECT",
        "auto",
        "What the model's server takes: openai for OpenAI behind a proxy, compatible for others; auto: by the host.",
    )
    database_url: str = _DATABASE_URL
    log_level: Level = Field("INFO", validation_alias="LOG_LEVEL", description="DEBUG, INFO, WARNING or ERROR.")
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

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """`load` has read the environment; read once more, a variable that is set to nothing would be a value."""
        return (init_settings,)


class _DatabaseAlone(BaseModel):
    database_url: str = _DATABASE_URL


def load(environment: Mapping[str, str] | None = None, env_file: Path | None = Path(".env")) -> Config:
    """Raises ConfigurationError with every problem. An empty value counts as missing."""
    written = _written(env_file)
    given = {**written, **_filled(os.environ if environment is None else environment)}
    return _validated(Config, given, [*_missing_key(given), *_unknown(given), *_misspelt(written, Config)])


def load_database_url(environment: Mapping[str, str] | None = None, env_file: Path | None = Path(".env")) -> str:
    """For what needs nothing else; the other settings may be missing or wrong. Raises ConfigurationError."""
    written = _written(env_file)
    given = {**written, **_filled(os.environ if environment is None else environment)}
    return _validated(_DatabaseAlone, given, [*_misspelt(written, _DatabaseAlone)]).database_url


def _validated(kind: type[_Settings], given: Mapping[str, str], problems: Sequence[tuple[str, str]]) -> _Settings:
    """`problems` are those that were found before."""
    try:
        settings = kind.model_validate({name: given[name] for name in names(kind) if name in given})
    except ValidationError as error:
        raise ConfigurationError((*_problems(error), *problems)) from None
    if problems:
        raise ConfigurationError(tuple(problems))
    return settings


def names(kind: type[BaseModel] = Config) -> Iterator[str]:
    return (str(field.validation_alias) for field in kind.model_fields.values())


def _written(env_file: Path | None) -> dict[str, str]:
    return _filled(_read(env_file)) if env_file is not None and env_file.is_file() else {}


def _read(env_file: Path) -> Mapping[str, str | None]:
    try:
        # A password may hold "${": it is read as it is written.
        return dotenv_values(env_file, encoding="utf-8-sig", interpolate=False)
    except (OSError, UnicodeError) as error:
        raise ConfigurationError(((str(env_file), f"cannot be read: {error}."),)) from error


def _filled(given: Mapping[str, str | None]) -> dict[str, str]:
    """Without what is empty, and without the quotes that `docker --env-file` leaves in place."""
    bare = {name: _QUOTED.sub(r"\2", (value or "").strip()).strip() for name, value in given.items()}
    return {name: value for name, value in bare.items() if value}


def _problems(error: ValidationError) -> Iterator[tuple[str, str]]:
    for problem in error.errors(include_input=False, include_url=False):
        name = str(problem["loc"][0])
        text = _PROBLEMS.get(problem["type"], "cannot be used: {message}.")
        context = problem.get("ctx", {})
        beginnings = _BEGINNINGS.get(context.get("pattern", ""))
        yield (
            name,
            text.format(description=_description(name), message=problem["msg"], beginnings=beginnings, **context),
        )


def _description(name: str) -> str:
    return next(str(field.description) for field in Config.model_fields.values() if field.validation_alias == name)


def _unknown(given: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    # What all of them begin with would make any two alike.
    known = {name.removeprefix(_OWN): name for name in names()}
    for name in sorted(given):
        if name.startswith(_OWN) and name not in known.values():
            near = difflib.get_close_matches(name.removeprefix(_OWN), known, n=1, cutoff=0.5)
            meant = f" Did you mean {known[near[0]]}?" if near else ""
            yield name, f"is no setting of this bot.{meant}"


def _misspelt(written: Mapping[str, str], kind: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Of the file, whose variables are meant for this bot. It may hold others, of Docker for example."""
    known = list(names(kind))
    for name in sorted(written):
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.9)
        if name not in known and not name.startswith(_OWN) and near:
            yield name, f"is no setting of this bot. Did you mean {near[0]}?"


def _missing_key(given: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if "OPENAI_API_KEY" not in given and given.get("OPENAI_BASE_URL", OPENAI).rstrip("/") == OPENAI:
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


def table() -> str:
    """All variables in Markdown."""
    lines = ["| variable | default | allowed | meaning |", "|---|---|---|---|"]
    for field in Config.model_fields.values():
        default = f"`{shown(field)}`" if shown(field) else "required" if field.is_required() else ""
        lines.append(f"| `{field.validation_alias}` | {default} | {_range(field)} | {field.description} |")
    return "\n".join(lines) + "\n"


def _range(field: FieldInfo) -> str:
    """Empty without limits."""
    least = [limit.ge for limit in field.metadata if isinstance(limit, Ge)]
    most = [limit.le for limit in field.metadata if isinstance(limit, Le)]
    return f"{least[0]:,} to {most[0]:,}" if least and most else ""


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bot.config", description="Print every setting of the bot in the form of a file .env.example."
    )
    parser.add_argument("--table", action="store_true", help="print a table in Markdown, as in docs/configuration.md")
    print(table() if parser.parse_args().table else example(), end="")


if __name__ == "__main__":
    main()
