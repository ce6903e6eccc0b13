"""The commands an application has registered: kept as sent, checked as Discord checks them, found by full name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from playground import permissions
from playground.entities import Channel, Guild, Json, User
from playground.errors import InvalidForm
from playground.snowflake import Snowflakes

CHAT_INPUT, USER_MENU, MESSAGE_MENU = 1, 2, 3
SUBCOMMAND, GROUP = 1, 2
STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = 3, 4, 5, 6, 7, 8, 9, 10, 11
IN_GUILD, IN_BOT_DM = 0, 1

LIMITS = {CHAT_INPUT: 100, USER_MENU: 15, MESSAGE_MENU: 15}
MAX_OPTIONS = 25
MAX_CHARACTERS = 8000
"""Of names, descriptions and values in one command, the longest translation of each counted."""

_MARKS = "\u0e31-\u0e3a\u0e47-\u0e4e\u0900-\u0903\u093a-\u093c\u093e-\u094f\u0955-\u0957\u0962\u0963"
"""Of Thai and Devanagari, which Discord's pattern names by their scripts (its documentation, Application Commands)."""
_NAME = re.compile(rf"[-_'\w{_MARKS}]{{1,32}}")

Problems = dict[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Found:
    """A command or one of its subcommands."""

    command: Json
    path: tuple[Json, ...]
    """The groups and subcommand chosen, outer ones first."""

    @property
    def name(self) -> str:
        return " ".join(part["name"] for part in (self.command, *self.path))

    @property
    def options(self) -> list[Json]:
        options: list[Json] = (self.path[-1] if self.path else self.command).get("options") or []
        return options


class Commands:
    def __init__(self, snowflakes: Snowflakes, application_id: int) -> None:
        self._snowflakes = snowflakes
        self._application_id = application_id
        self._registered: dict[int | None, list[Json]] = {}
        self._overrides: dict[tuple[int, int, str], dict[int, bool]] = {}

    def registered(self, guild_id: int | None) -> list[Json]:
        """Those of one guild, or with None the global ones."""
        return self._registered.get(guild_id, [])

    def overwrite(self, guild_id: int | None, definitions: list[Json]) -> list[Json]:
        """Raises InvalidForm. A command that keeps its name and type keeps its id."""
        check(definitions)
        known = {(command["type"], command["name"]): command["id"] for command in self.registered(guild_id)}
        kept = [self._completed(definition, guild_id, known) for definition in definitions]
        self._registered[guild_id] = kept
        return kept

    def _completed(self, definition: Json, guild_id: int | None, known: dict[tuple[int, str], str]) -> Json:
        type = definition.get("type") or CHAT_INPUT
        command = {
            "default_member_permissions": None,
            "nsfw": False,
            "contexts": None,
            **definition,
            "description": definition.get("description") or "",
            "integration_types": definition.get("integration_types") or [0],
            "type": type,
            "id": known.get((type, definition["name"])) or str(self._snowflakes.next()),
            "application_id": str(self._application_id),
            "version": str(self._snowflakes.next()),
        }
        if command["default_member_permissions"] is not None:
            command["default_member_permissions"] = str(command["default_member_permissions"])
        return {**command, "guild_id": str(guild_id)} if guild_id is not None else command

    def permit(self, guild: Guild, name: str, target_id: int, allowed: bool, *, type: int = CHAT_INPUT) -> None:
        """What a server's administrators may change for a role's or a person's id: it goes before the default.

        Of a slash command with all its subcommands, or by `type` of a menu's command.
        """
        known = name.split()[0] if type == CHAT_INPUT else name
        self._overrides.setdefault((guild.id, type, known), {})[target_id] = allowed

    def offered(self, user: User, channel: Channel) -> list[Found]:
        """What the picker shows this person here, subcommands one by one."""
        return [found for found in self.known(channel) if self.allowed(found, user, channel)]

    def known(self, channel: Channel) -> list[Found]:
        """Whoever may use them, subcommands one by one."""
        return [found for command in self._in(channel) for found in _leaves(command)]

    def find(self, name: str, channel: Channel, type: int = CHAT_INPUT) -> Found | None:
        """Whoever may use it; `name` as "persona use". Commands of different types may have one name."""
        named = (found for found in self.known(channel) if found.name == name)
        return next((found for found in named if found.command["type"] == type), None)

    def allowed(self, found: Found, user: User, channel: Channel) -> bool:
        return self._allowed(found.command, user, channel)

    def _in(self, channel: Channel) -> list[Json]:
        if channel.guild is None:
            return [command for command in self.registered(None) if _fits(command, IN_BOT_DM)]
        own = self.registered(channel.guild.id)
        names = {(command["type"], command["name"]) for command in own}
        shared = [command for command in self.registered(None) if (command["type"], command["name"]) not in names]
        return own + [command for command in shared if _fits(command, IN_GUILD)]

    def _allowed(self, command: Json, user: User, channel: Channel) -> bool:
        if channel.guild is None:
            return True
        granted = permissions.in_channel(user, channel)
        if granted == permissions.ALL:
            return True
        if not granted & permissions.USE_APPLICATION_COMMANDS:
            return False
        override = self._override(command, user, channel.guild)
        if override is not None:
            return override
        needed = command["default_member_permissions"]
        return needed is None or (int(needed) != 0 and granted & int(needed) == int(needed))

    def _override(self, command: Json, user: User, guild: Guild) -> bool | None:
        overrides = self._overrides.get((guild.id, command["type"], command["name"]), {})
        if user.id in overrides:
            return overrides[user.id]
        ids = [role.id for role in guild.members[user.id].roles]
        verdicts = [overrides[id] for id in ids if id in overrides]
        return any(verdicts) if verdicts else overrides.get(guild.id)


def check(definitions: list[Json]) -> None:
    """Raises InvalidForm with everything that is wrong."""
    problems: Problems = {}
    for type, limit in LIMITS.items():
        if sum((definition.get("type") or CHAT_INPUT) == type for definition in definitions) > limit:
            problems["_commands"] = ("BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length.")
    seen: set[tuple[int, str]] = set()
    for index, definition in enumerate(definitions):
        _check_command(definition, str(index), problems)
        key = (definition.get("type") or CHAT_INPUT, definition.get("name", ""))
        if key in seen:
            message = "Application command names must be unique"
            problems[str(index)] = ("APPLICATION_COMMANDS_DUPLICATE_NAME", message)
        seen.add(key)
    if problems:
        raise InvalidForm(problems)


def check_one(definition: Json) -> None:
    """Raises InvalidForm."""
    problems: Problems = {}
    _check_command(definition, "", problems)
    if problems:
        raise InvalidForm(problems)


def _check_command(definition: Json, at: str, problems: Problems) -> None:
    if (definition.get("type") or CHAT_INPUT) == CHAT_INPUT:
        _check_name(definition, at, problems)
        _check_description(definition, at, problems)
        _check_options(definition.get("options") or [], f"{at}.options", problems)
    elif not 1 <= len(definition.get("name", "")) <= 32:
        problems[f"{at}.name"] = ("BASE_TYPE_BAD_LENGTH", "Must be between 1 and 32 in length.")
    if _characters(definition) > MAX_CHARACTERS:
        message = f"Command exceeds maximum size ({MAX_CHARACTERS})"
        problems[at] = ("APPLICATION_COMMAND_TOO_LARGE", message)


def _check_name(definition: Json, at: str, problems: Problems) -> None:
    names = {"name": definition.get("name", "")}
    names |= {f"name_localizations.{key}": name for key, name in (definition.get("name_localizations") or {}).items()}
    for key, name in names.items():
        if not _NAME.fullmatch(name) or name != name.lower():
            problems[f"{at}.{key}"] = ("APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _check_description(definition: Json, at: str, problems: Problems) -> None:
    texts = {"description": definition.get("description") or ""}
    localized = definition.get("description_localizations") or {}
    texts |= {f"description_localizations.{key}": text for key, text in localized.items()}
    for key, text in texts.items():
        if not 1 <= len(text) <= 100:
            problems[f"{at}.{key}"] = ("BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")


def _check_options(options: list[Json], at: str, problems: Problems) -> None:
    if len(options) > MAX_OPTIONS:
        problems[at] = ("BASE_TYPE_MAX_LENGTH", f"Must be {MAX_OPTIONS} or fewer in length.")
    inner = [option["type"] in (SUBCOMMAND, GROUP) for option in options]
    if any(inner) and not all(inner):
        message = "Sub-command and sub-command group option types are mutually exclusive to all other types"
        problems[at] = ("APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message)
    if len({option["name"] for option in options}) < len(options):
        problems[at] = ("APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", "Option names must be unique")
    optional_seen = False
    for index, option in enumerate(options):
        here = f"{at}.{index}"
        _check_name(option, here, problems)
        _check_description(option, here, problems)
        _check_options(option.get("options") or [], f"{here}.options", problems)
        if option.get("required") and optional_seen:
            message = "Required options must be placed before non-required options"
            problems[here] = ("APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message)
        optional_seen |= option["type"] not in (SUBCOMMAND, GROUP) and not option.get("required")


def _characters(part: Json) -> int:
    own = sum(
        max(map(len, [part.get(key) or "", *(part.get(f"{key}_localizations") or {}).values()]))
        for key in ("name", "description")
    )
    values = sum(len(choice["name"]) + len(str(choice["value"])) for choice in part.get("choices") or [])
    return own + values + sum(_characters(option) for option in part.get("options") or [])


def _leaves(command: Json, path: tuple[Json, ...] = ()) -> Iterator[Found]:
    options = (path[-1] if path else command).get("options") or []
    inner = [option for option in options if option["type"] in (SUBCOMMAND, GROUP)]
    if not inner:
        yield Found(command, path)
    for option in inner:
        yield from _leaves(command, (*path, option))


def _fits(command: Json, context: int) -> bool:
    contexts = command.get("contexts")
    if contexts is not None:
        return context in contexts
    return context != IN_BOT_DM or command.get("dm_permission", True) is not False
