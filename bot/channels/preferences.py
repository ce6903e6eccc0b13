"""Settings: what holds in a place, and changing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.conversation import Place
from bot.domain.settings import (
    LANGUAGE,
    REGISTRY,
    REQUIRED,
    Integer,
    Layer,
    Resolved,
    Scope,
    Setting,
    resolve,
)
from bot.errors import GuildOnly, PersonalElsewhere, SettingInvalid, SettingScope, SettingUnknown
from bot.storage import Storage, Work

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    setting: Setting[Any]
    scope: Scope
    value: Any
    """None: back to the default."""
    effective: Any
    """What holds now in the place: a lower ceiling may lie above."""
    source: Scope | None
    """Where that is set; None for the default."""


class Preferences:
    """`operator` holds the operator's values, keyed as in the registry."""

    def __init__(self, storage: Storage, clock: Clock, operator: dict[str, str]) -> None:
        self._storage = storage
        self._clock = clock
        self._operator = Layer(Scope.OPERATOR, operator)

    async def value(self, setting: Setting[T], place: Place, user_id: int | None = None) -> T:
        async with self._storage.read() as work:
            return (await self.resolved(work, setting, place, user_id)).value

    async def resolved(self, work: Work, setting: Setting[T], place: Place, user_id: int | None = None) -> Resolved[T]:
        return resolve(setting, await self.layers(work, place, user_id))

    async def layers(self, work: Work, place: Place, user_id: int | None = None) -> Sequence[Layer]:
        return [*await work.settings.layers(place, user_id), self._operator]

    async def locale(self, place: Place, discord_locale: str | None, user_id: int | None = None) -> str | None:
        """The language of what the bot says: as chosen, else Discord's."""
        chosen = await self.value(LANGUAGE, place, user_id)
        return discord_locale if chosen == "auto" else chosen

    async def set(self, place: Place, actor: Actor, key: str, raw: str | None, scope: Scope) -> Change:
        """`raw` None or `default` removes the value.

        Raises SettingUnknown, SettingScope, SettingInvalid, GuildOnly, PermissionMissing.
        """
        setting = self._setting(key, scope)
        if setting not in self.offered(place, [scope]):
            raise not_offered(setting)
        if scope in REQUIRED:
            actor.require(REQUIRED[scope])
        value = self.parse(setting, raw)
        scope_id = _scope_id(scope, place, actor)
        now = self._clock.now()
        async with self._storage.write() as work:
            stored = None if value is None else str(value)
            before = await work.settings.put(scope, scope_id, key, stored)
            await work.audit.add(
                at=now,
                guild_id=None if scope is Scope.PERSON else place.guild_id,
                channel_id=place.channel_id if scope is Scope.CHANNEL else None,
                actor_id=actor.user_id,
                action="settings.set",
                details={"scope": scope, "key": key, "from": before, "to": stored},
            )
            layers = await self.layers(work, place, _reader(actor.user_id, [scope]))
        holds = resolve(setting, layers)
        return Change(setting=setting, scope=scope, value=value, effective=holds.value, source=holds.scope)

    async def shown(self, place: Place, user_id: int, scopes: Sequence[Scope]) -> list[tuple[str, Resolved[Any]]]:
        """Those that are offered, with what holds and where it comes from."""
        async with self._storage.read() as work:
            layers = await self.layers(work, place, _reader(user_id, scopes))
        return [(setting.key, resolve(setting, layers)) for setting in self.offered(place, scopes)]

    @staticmethod
    def offered(place: Place, scopes: Sequence[Scope]) -> list[Setting[Any]]:
        """The listed settings that can be set there in one of `scopes`, and have an effect there."""
        direct = place.guild_id is None
        wanted = {scope for scope in scopes if not (direct and scope is Scope.GUILD)}
        return [
            setting
            for setting in REGISTRY.values()
            if setting.listed and not (direct and setting.guild_only) and wanted.intersection(setting.scopes)
        ]

    def parse(self, setting: Setting[Any], raw: str | None) -> Any:
        """What people may set it to; None for the way back to the default. Raises SettingInvalid."""
        if raw is None or raw.strip().casefold() == "default":
            return None
        try:
            value = setting.parse(raw.strip())
        except ValueError:
            raise SettingInvalid(setting.key, raw, self.bounds(setting)) from None
        if setting.lower_only and value > self.ceiling(setting):
            raise SettingInvalid(setting.key, raw, self.bounds(setting))
        return value

    def ceiling(self, setting: Setting[Any]) -> Any:
        """The operator's value: people may lower a `lower_only` setting, not raise it."""
        return resolve(setting, [self._operator]).value

    def bounds(self, setting: Setting[Any]) -> tuple[int, int] | None:
        """The least and the greatest number that people may set here; None for what is no number."""
        if not isinstance(setting.kind, Integer):
            return None
        top = int(self.ceiling(setting)) if setting.lower_only else setting.kind.maximum
        return setting.kind.minimum, top

    @staticmethod
    def _setting(key: str, scope: Scope) -> Setting[Any]:
        setting = REGISTRY.get(key)
        if setting is None or not setting.listed:
            raise SettingUnknown(key)
        if scope not in setting.scopes or scope is Scope.OPERATOR:
            raise SettingScope(key, scope)
        return setting


def not_offered(setting: Setting[Any] | None) -> GuildOnly:
    """What to raise where a direct message has no such setting."""
    return PersonalElsewhere() if setting and Scope.PERSON in setting.scopes else GuildOnly()


def _reader(user_id: int, scopes: Sequence[Scope]) -> int | None:
    """Whose own settings count: what holds in a place is not one person's matter."""
    return user_id if Scope.PERSON in scopes else None


def _scope_id(scope: Scope, place: Place, actor: Actor) -> int:
    if scope is Scope.PERSON:
        return actor.user_id
    if scope is Scope.GUILD:
        assert place.guild_id is not None, "a DM is offered nothing for a server"
        return place.guild_id
    return place.channel_id
