"""Personas of guilds and of people."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.persona import Library, Persona, ReasoningEffort
from bot.errors import PersonaExists
from bot.storage.tables import Record, personas


def folded(name: str) -> str:
    """What makes two names the same. Computed here, since the databases disagree about upper and lower case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


class Personas:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def library(self, library: Library) -> tuple[Persona, ...]:
        """By name."""
        query = sa.select(personas).where(_of(library)).order_by(personas.c.folded_name)
        return tuple(_persona(row) for row in await self._connection.execute(query))

    async def get(self, library: Library, ref: str) -> Persona | None:
        return await self._one(library, personas.c.id == int(ref)) if ref.isdecimal() else None

    async def add(self, library: Library, persona: Persona, *, actor_id: int, now: datetime) -> Persona:
        """Under a new ref. Raises PersonaExists."""
        return await self._insert(library, persona, {}, actor_id, now)

    async def restore(self, library: Library, persona: Persona, *, actor_id: int, now: datetime) -> Persona:
        """Under its old ref. Raises PersonaExists."""
        return await self._insert(library, persona, {"id": int(persona.ref)}, actor_id, now)

    async def update(self, library: Library, persona: Persona, now: datetime) -> bool:
        """Raises PersonaExists."""
        statement = (
            sa.update(personas)
            .where(_of(library), personas.c.id == int(persona.ref))
            .values(**_values(persona), updated_at=now)
        )
        return (await self._write(statement, persona)).rowcount == 1

    async def delete(self, library: Library, ref: str) -> bool:
        deleted = await self._connection.execute(sa.delete(personas).where(_of(library), personas.c.id == int(ref)))
        return deleted.rowcount == 1

    async def _insert(
        self, library: Library, persona: Persona, fixed: dict[str, int], actor_id: int, now: datetime
    ) -> Persona:
        statement = (
            sa.insert(personas)
            .values(
                **fixed,
                **_values(persona),
                guild_id=library.guild_id,
                user_id=library.user_id,
                created_by=actor_id,
                created_at=now,
                updated_at=now,
            )
            .returning(personas)
        )
        return _persona((await self._write(statement, persona)).one())

    async def _write(self, statement: sa.Insert | sa.Update | Any, persona: Persona) -> sa.CursorResult[Any]:
        try:
            async with self._connection.begin_nested():
                return await self._connection.execute(statement)
        except sa.exc.IntegrityError as error:
            raise PersonaExists(persona.name) from error

    async def _one(self, library: Library, condition: sa.ColumnElement[bool]) -> Persona | None:
        row = (await self._connection.execute(sa.select(personas).where(_of(library), condition))).one_or_none()
        return None if row is None else _persona(row)


def _of(library: Library) -> sa.ColumnElement[bool]:
    if library.guild_id is not None:
        return personas.c.guild_id == library.guild_id
    return personas.c.user_id == library.user_id


def _values(persona: Persona) -> dict[str, Any]:
    return {
        "name": persona.name,
        "folded_name": folded(persona.name),
        "instructions": persona.instructions,
        "greeting": persona.greeting,
        "model": persona.model,
        "temperature": persona.temperature,
        "top_p": persona.top_p,
        "reasoning_effort": persona.reasoning_effort,
    }


def _persona(row: Record) -> Persona:
    return Persona(
        ref=str(row.id),
        name=row.name,
        instructions=row.instructions,
        greeting=row.greeting,
        model=row.model,
        temperature=row.temperature,
        top_p=row.top_p,
        reasoning_effort=row.reasoning_effort and ReasoningEffort(row.reasoning_effort),
    )
