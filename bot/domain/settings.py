"""Every setting that people can change, in one typed registry.

A value is looked up person → channel → parent channel → guild → operator → default, in the scopes that its entry
names. A new feature adds an entry here: commands, storage and docs follow from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar, cast

T = TypeVar("T")


class Scope(StrEnum):
    PERSON = "person"
    CHANNEL = "channel"
    GUILD = "guild"
    OPERATOR = "operator"


class Permission(StrEnum):
    """Discord's permissions by their names in its API documentation, in lower case."""

    SEND_MESSAGES = "send_messages"
    """In a thread, the one for threads."""
    MANAGE_MESSAGES = "manage_messages"
    MANAGE_CHANNELS = "manage_channels"
    MANAGE_GUILD = "manage_guild"


REQUIRED: dict[Scope, Permission] = {
    Scope.CHANNEL: Permission.MANAGE_CHANNELS,
    Scope.GUILD: Permission.MANAGE_GUILD,
}
"""What it takes to change a setting in a scope. In a DM, and for oneself, nothing."""


@dataclass(frozen=True, slots=True)
class Choice:
    options: tuple[str, ...]

    def parse(self, raw: str) -> str:
        if raw not in self.options:
            raise ValueError(raw)
        return raw


@dataclass(frozen=True, slots=True)
class Integer:
    minimum: int
    maximum: int

    def parse(self, raw: str) -> int:
        value = int(raw.replace(",", "").replace("_", "").strip())
        if not self.minimum <= value <= self.maximum:
            raise ValueError(raw)
        return value


@dataclass(frozen=True, slots=True)
class Text:
    """Checked elsewhere: the setting has a command of its own."""

    def parse(self, raw: str) -> str:
        return raw


Kind = Choice | Integer | Text
Value = str | int


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting(Generic[T]):
    key: str
    kind: Kind
    default: T
    scopes: tuple[Scope, ...]
    listed: bool = True
    """Whether `/settings` and `/preferences` offer it."""
    lower_only: bool = False
    """People may only lower what the operator set."""
    guild_only: bool = False
    """In a DM, which is one person's own, it has no effect."""

    def parse(self, raw: str) -> T:
        """Raises ValueError for what the setting does not take."""
        return cast(T, self.kind.parse(raw))


REPLY_TO: Setting[str] = Setting(
    key="reply_to",
    kind=Choice(("mentions", "everything")),
    default="mentions",
    scopes=(Scope.CHANNEL, Scope.GUILD),
    guild_only=True,
)
PERSONA_USE: Setting[str] = Setting(
    key="persona_use",
    kind=Choice(("everyone", "managers")),
    default="everyone",
    scopes=(Scope.CHANNEL, Scope.GUILD),
    guild_only=True,
)
LANGUAGE: Setting[str] = Setting(
    key="language",
    kind=Choice(("auto", "en", "ko")),
    default="auto",
    scopes=(Scope.PERSON, Scope.GUILD),
)
WINDOW_TOKENS: Setting[int] = Setting(
    key="window_tokens",
    kind=Integer(1_000, 1_000_000),
    default=16_000,
    scopes=(Scope.CHANNEL, Scope.GUILD, Scope.OPERATOR),
    lower_only=True,
)
ANSWER_TOKENS: Setting[int] = Setting(
    key="answer_tokens",
    kind=Integer(64, 128_000),
    default=4_000,
    scopes=(Scope.CHANNEL, Scope.GUILD, Scope.OPERATOR),
    lower_only=True,
)
UPDATES: Setting[str] = Setting(
    key="updates",
    kind=Choice(("live", "finished")),
    default="live",
    scopes=(Scope.PERSON, Scope.CHANNEL, Scope.GUILD),
)
"""Whether an answer is shown while it is written: edits make screen readers and some eyes restless."""
NOTICE: Setting[str] = Setting(
    key="notice",
    kind=Choice(("off", "on")),
    default="off",
    scopes=(Scope.PERSON, Scope.CHANNEL, Scope.GUILD),
)
"""Whether the end of a long answer is told with a mention: Discord notifies nobody of edits."""
ANSWER_MESSAGES: Setting[int] = Setting(
    key="answer_messages",
    kind=Integer(1, 20),
    default=10,
    scopes=(Scope.CHANNEL, Scope.GUILD),
)
LINK_PREVIEWS: Setting[str] = Setting(
    key="link_previews",
    kind=Choice(("off", "on")),
    default="off",
    scopes=(Scope.CHANNEL, Scope.GUILD),
)
PERSONA: Setting[str] = Setting(
    key="persona",
    kind=Text(),
    default="shipped:companion",
    scopes=(Scope.CHANNEL, Scope.GUILD),
    listed=False,
)

REGISTRY: dict[str, Setting[Any]] = {
    setting.key: setting
    for setting in (
        *(REPLY_TO, PERSONA_USE, LANGUAGE, UPDATES, NOTICE),
        *(ANSWER_MESSAGES, LINK_PREVIEWS, WINDOW_TOKENS, ANSWER_TOKENS, PERSONA),
    )
}


@dataclass(frozen=True, slots=True)
class Layer:
    """The values that one scope holds, as stored: every value a string."""

    scope: Scope
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Resolved(Generic[T]):
    value: T
    scope: Scope | None
    """Where it was set; None for the default."""


def resolve(setting: Setting[T], layers: Sequence[Layer]) -> Resolved[T]:
    """`layers` from the most specific to the operator's. A stored value that no longer parses counts as absent."""
    found = _first(setting, layers)
    if not setting.lower_only:
        return found
    ceiling: Resolved[Any] = _first(setting, [layer for layer in layers if layer.scope is Scope.OPERATOR])
    return min(found, ceiling, key=_value)


def _value(resolved: Resolved[Any]) -> Any:
    return resolved.value


def _first(setting: Setting[T], layers: Sequence[Layer]) -> Resolved[T]:
    for layer in layers:
        if layer.scope not in setting.scopes or setting.key not in layer.values:
            continue
        try:
            return Resolved(setting.parse(layer.values[setting.key]), layer.scope)
        except ValueError:
            continue
    return Resolved(setting.default, None)
