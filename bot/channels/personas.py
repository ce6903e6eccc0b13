"""Personas: a library for each guild, one for each person in DMs, and which one a channel uses."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.channels.names import folded
from bot.channels.preferences import Preferences
from bot.channels.shipped import DEFAULT_REF, shipped
from bot.clock import Clock
from bot.domain.actor import Actor
from bot.domain.conversation import Place
from bot.domain.persona import (
    MAX_GREETING,
    MAX_INSTRUCTIONS,
    MAX_NAME,
    MAX_PERSONAS,
    MOST,
    Library,
    Persona,
    ReasoningEffort,
)
from bot.domain.settings import PERSONA, PERSONA_USE, Layer, Permission, Scope, resolve
from bot.errors import (
    LibraryFull,
    PersonaExists,
    PersonaInvalid,
    PersonaNotFound,
    PersonaReplaced,
    PersonaShipped,
)
from bot.storage import Storage, Work
from bot.words import LOCALES, words

_LIMITS = {"name": MAX_NAME, "instructions": MAX_INSTRUCTIONS, "greeting": MAX_GREETING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    persona: Persona
    audit_id: int
    """Brings it back: `Personas.restore`."""


class Personas:
    def __init__(self, storage: Storage, clock: Clock, preferences: Preferences) -> None:
        self._storage = storage
        self._clock = clock
        self._preferences = preferences

    async def library(self, place: Place, actor: Actor, locale: str | None) -> tuple[Persona, ...]:
        """The shipped ones, then the library's by name."""
        async with self._storage.read() as work:
            return await self._all(work, place, actor, locale)

    async def find(self, place: Place, actor: Actor, name: str, locale: str | None) -> Persona:
        """By name, whatever its case, or by ref. Raises PersonaNotFound."""
        async with self._storage.read() as work:
            return await self._find(work, place, actor, name, locale)

    async def current(self, place: Place, actor: Actor, locale: str | None) -> Persona:
        async with self._storage.read() as work:
            layers = await self._preferences.layers(work, place)
            return await self.in_use(work, place, actor.user_id, locale, layers)

    async def in_use(
        self, work: Work, place: Place, user_id: int, locale: str | None, layers: Sequence[Layer]
    ) -> Persona:
        """The place's persona, by its `layers` of settings; the default one where the chosen one is gone."""
        ref = resolve(PERSONA, layers).value
        stored = None if ref.startswith("shipped:") else await work.personas.get(_library(place, user_id), ref)
        if stored is not None:
            return stored
        by_ref = {persona.ref: persona for persona in shipped(words(locale))}
        return by_ref.get(ref, by_ref[DEFAULT_REF])

    async def exists(self, work: Work, place: Place, user_id: int, ref: str) -> bool:
        if ref.startswith("shipped:"):
            return any(persona.ref == ref for persona in shipped(words(None)))
        return await work.personas.get(_library(place, user_id), ref) is not None

    async def use(self, place: Place, actor: Actor, name: str, locale: str | None) -> Persona:
        """From the next turn on. Raises PersonaNotFound, PermissionMissing."""
        async with self._storage.write() as work:
            actor.require(Permission.SEND_MESSAGES)
            if (await self._preferences.resolved(work, PERSONA_USE, place)).value == "managers":
                actor.require(Permission.MANAGE_CHANNELS)
            persona = await self._find(work, place, actor, name, locale)
            await work.settings.put(Scope.CHANNEL, place.channel_id, PERSONA.key, persona.ref)
            await self._audit(work, place, actor, "persona.use", {"persona": persona.ref, "name": persona.name})
        return persona

    async def create(self, place: Place, actor: Actor, persona: Persona) -> Persona:
        """Raises PersonaInvalid, PersonaExists, LibraryFull, PermissionMissing."""
        actor.require_everywhere(Permission.MANAGE_CHANNELS)
        persona = _checked(persona)
        library = _library(place, actor.user_id)
        async with self._storage.write() as work:
            await self._refuse_full(work, library)
            self._refuse_shipped_name(persona.name)
            added = await work.personas.add(library, persona, actor_id=actor.user_id, now=self._clock.now())
            await self._audit(work, place, actor, "persona.create", dataclasses.asdict(added))
        return added

    async def editable(self, place: Place, actor: Actor, name: str, locale: str | None) -> Persona:
        """For opening it in a form. Raises PersonaNotFound, PersonaShipped, PermissionMissing."""
        actor.require_everywhere(Permission.MANAGE_CHANNELS)
        persona = await self.find(place, actor, name, locale)
        if persona.shipped:
            raise PersonaShipped(persona.name)
        return persona

    async def edit(self, place: Place, actor: Actor, persona: Persona) -> Persona:
        """Raises PersonaInvalid, PersonaExists, PersonaNotFound, PersonaShipped, PermissionMissing."""
        actor.require_everywhere(Permission.MANAGE_CHANNELS)
        if persona.shipped:
            raise PersonaShipped(persona.name)
        persona = _checked(persona)
        self._refuse_shipped_name(persona.name)
        async with self._storage.write() as work:
            library = _library(place, actor.user_id)
            before = await work.personas.get(library, persona.ref)
            if before is None or not await work.personas.update(library, persona, self._clock.now()):
                raise PersonaNotFound(persona.name)
            change = {"from": dataclasses.asdict(before), "to": dataclasses.asdict(persona)}
            await self._audit(work, place, actor, "persona.edit", change)
        return persona

    async def delete(self, place: Place, actor: Actor, name: str, locale: str | None) -> Deleted:
        """Channels that use it go on with the default until it is restored.

        Raises PersonaNotFound, PersonaShipped, PermissionMissing.
        """
        actor.require_everywhere(Permission.MANAGE_CHANNELS)
        async with self._storage.write() as work:
            persona = await self._find(work, place, actor, name, locale)
            if persona.shipped:
                raise PersonaShipped(persona.name)
            await work.personas.delete(_library(place, actor.user_id), persona.ref)
            audit_id = await self._audit(work, place, actor, "persona.delete", dataclasses.asdict(persona))
        return Deleted(persona=persona, audit_id=audit_id)

    async def restore(self, place: Place, actor: Actor, audit_id: int) -> Persona:
        """Brings a deleted persona back into the library; one that is back already stays as it is.

        Raises PersonaReplaced, PersonaNotFound, LibraryFull, PermissionMissing.
        """
        actor.require_everywhere(Permission.MANAGE_CHANNELS)
        async with self._storage.write() as work:
            entry = await work.audit.get(audit_id)
            if entry is None or entry.action != "persona.delete" or entry.guild_id != place.guild_id:
                raise PersonaNotFound(str(audit_id))
            if place.guild_id is None and entry.actor_id != actor.user_id:
                raise PersonaNotFound(str(audit_id))
            library = _library(place, actor.user_id)
            persona = _from_details(entry.details)
            back = await work.personas.get(library, persona.ref)
            if back is not None:
                return back
            await self._refuse_full(work, library)
            try:
                restored = await work.personas.restore(library, persona, actor_id=actor.user_id, now=self._clock.now())
            except PersonaExists as taken:
                raise PersonaReplaced(persona.name) from taken
            await self._audit(work, place, actor, "persona.restore", dataclasses.asdict(restored))
        return restored

    async def _all(self, work: Work, place: Place, actor: Actor, locale: str | None) -> tuple[Persona, ...]:
        return (*shipped(words(locale)), *await work.personas.library(_library(place, actor.user_id)))

    async def _find(self, work: Work, place: Place, actor: Actor, name: str, locale: str | None) -> Persona:
        """A name comes before a ref: people choose names, and one may be a number."""
        personas = await self._all(work, place, actor, locale)
        named = [persona for persona in personas if folded(name) in _names(persona)]
        for persona in (*named, *(persona for persona in personas if persona.ref == name.strip())):
            return persona
        raise PersonaNotFound(name)

    @staticmethod
    def _refuse_shipped_name(name: str) -> None:
        """In any language: others in this guild may see the shipped ones under that name."""
        if any(folded(name) in _names(persona) for persona in shipped(words(None))):
            raise PersonaExists(name)

    @staticmethod
    async def _refuse_full(work: Work, library: Library) -> None:
        if len(await work.personas.library(library)) >= MAX_PERSONAS:
            raise LibraryFull(MAX_PERSONAS)

    async def _audit(self, work: Work, place: Place, actor: Actor, action: str, details: Mapping[str, object]) -> int:
        return await work.audit.add(
            at=self._clock.now(),
            guild_id=place.guild_id,
            channel_id=place.channel_id,
            actor_id=actor.user_id,
            action=action,
            details=details,
        )


def matching(personas: Sequence[Persona], typed: str) -> list[Persona]:
    """For autocomplete: names that begin with what was typed, then names that hold it; 25 at the most."""
    wanted = folded(typed)
    starts = [persona for persona in personas if any(name.startswith(wanted) for name in _names(persona))]
    others = [persona for persona in personas if persona not in starts]
    holds = [persona for persona in others if any(wanted in name for name in _names(persona))]
    return [*starts, *holds][:25]


def _names(persona: Persona) -> set[str]:
    """Folded. A shipped one has a name in each language that the bot speaks, and people have seen it under any."""
    known = [each for locale in LOCALES for each in shipped(words(locale))] if persona.shipped else []
    return {folded(persona.name), *(folded(each.name) for each in known if each.ref == persona.ref)}


def _library(place: Place, user_id: int) -> Library:
    return Library(user_id=user_id) if place.guild_id is None else Library(guild_id=place.guild_id)


def _from_details(details: Mapping[str, Any]) -> Persona:
    effort = details["reasoning_effort"]
    return Persona(**{**details, "reasoning_effort": effort and ReasoningEffort(effort)})


def _checked(persona: Persona) -> Persona:
    trimmed = dataclasses.replace(
        persona,
        name=" ".join(persona.name.split()),
        instructions=persona.instructions.strip(),
        greeting=persona.greeting.strip(),
        model=(persona.model or "").strip() or None,
    )
    for field, limit in _LIMITS.items():
        if len(getattr(trimmed, field)) > limit:
            raise PersonaInvalid(field, getattr(trimmed, field), limit)
    for field in ("name", "instructions"):
        if not getattr(trimmed, field):
            raise PersonaInvalid(field, "")
    for field, most in MOST.items():
        value = getattr(trimmed, field)
        if value is not None and not 0 <= value <= most:
            raise PersonaInvalid(field, f"{value:g}", most=most)
    return trimmed
