"""Values of settings, as strings: the registry in `bot.domain.settings` gives them their types."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.conversation import Place
from bot.domain.settings import Layer, Scope
from bot.storage.tables import settings
from bot.storage.upsert import insert


def _at(scope: Scope, scope_id: int | sa.BindParameter[int]) -> sa.ColumnElement[bool]:
    return sa.and_(settings.c.scope == scope, settings.c.scope_id == scope_id)


# Every message needs it: built once. A holder that a place does not have is NULL, which equals nothing.
_LAYERS = sa.select(settings).where(
    sa.or_(
        _at(Scope.PERSON, sa.bindparam("person")),
        _at(Scope.CHANNEL, sa.bindparam("channel")),
        _at(Scope.CHANNEL, sa.bindparam("parent")),
        _at(Scope.GUILD, sa.bindparam("guild")),
    )
)


class Settings:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def values(self, scope: Scope, scope_id: int) -> dict[str, str]:
        query = sa.select(settings.c.key, settings.c.value).where(_at(scope, scope_id))
        return {row.key: row.value for row in await self._connection.execute(query)}

    async def put(self, scope: Scope, scope_id: int, key: str, value: str | None) -> str | None:
        """Returns the old value. None removes it."""
        here = sa.and_(_at(scope, scope_id), settings.c.key == key)
        before: str | None = await self._connection.scalar(sa.select(settings.c.value).where(here))
        if value is None:
            await self._connection.execute(sa.delete(settings).where(here))
        else:
            await self._connection.execute(
                insert(self._connection.dialect.name, settings)
                .values(scope=scope, scope_id=scope_id, key=key, value=value)
                .on_conflict_do_update(index_elements=["scope", "scope_id", "key"], set_={"value": value})
            )
        return before

    async def layers(self, place: Place, user_id: int | None) -> list[Layer]:
        """Person, channel, parent channel and guild, as far as the place has them."""
        wanted = [
            (scope, scope_id)
            for scope, scope_id in (
                (Scope.PERSON, user_id),
                (Scope.CHANNEL, place.channel_id),
                (Scope.CHANNEL, place.parent_id),
                (Scope.GUILD, place.guild_id),
            )
            if scope_id is not None
        ]
        holders = {
            "person": user_id,
            "channel": place.channel_id,
            "parent": place.parent_id,
            "guild": place.guild_id,
        }
        held: dict[tuple[str, int], dict[str, str]] = {}
        for row in await self._connection.execute(_LAYERS, holders):
            held.setdefault((row.scope, row.scope_id), {})[row.key] = row.value
        return [Layer(scope, held.get((scope, scope_id), {})) for scope, scope_id in wanted]
