"""Personas, settings, audit."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.domain.conversation import Place
from bot.domain.persona import Library, Persona, ReasoningEffort
from bot.domain.settings import Layer, Scope
from bot.errors import PersonaExists
from bot.storage import Storage

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
GUILD = Library(guild_id=7)
OWN = Library(user_id=7)


def persona(name: str, ref: str = "", instructions: str = "Be kind.") -> Persona:
    return Persona(ref=ref, name=name, instructions=instructions)


async def added(storage: Storage, name: str, library: Library = GUILD) -> Persona:
    async with storage.write() as work:
        return await work.personas.add(library, persona(name), actor_id=3, now=NOW)


async def test_a_persona_keeps_every_parameter(storage: Storage) -> None:
    full = Persona(
        ref="",
        name="시인",
        instructions="운율로.",
        greeting="안녕",
        model="gpt-6-luna",
        temperature=0.7,
        top_p=0.9,
        reasoning_effort=ReasoningEffort.LOW,
    )
    async with storage.write() as work:
        stored = await work.personas.add(GUILD, full, actor_id=3, now=NOW)
        assert await work.personas.get(GUILD, stored.ref) == stored
        assert await work.personas.get(OWN, stored.ref) is None
        assert await work.personas.get(GUILD, "shipped:companion") is None
    assert {**_fields(stored), "ref": ""} == _fields(full)


def _fields(value: Persona) -> dict[str, object]:
    return {name: getattr(value, name) for name in Persona.__dataclass_fields__}


@pytest.mark.parametrize(
    ("first", "same"),
    [("Pirate", "pIRATE"), ("가", "\u1100\u1161"), ("İstanbul", "i\u0307stanbul"), ("STRASSE", "straße")],
)
async def test_names_differ_by_more_than_case_and_composition(storage: Storage, first: str, same: str) -> None:
    stored = await added(storage, first)
    async with storage.write() as work:
        with pytest.raises(PersonaExists):
            await work.personas.add(GUILD, persona(same), actor_id=3, now=NOW)
        # The refusal leaves the transaction usable on both databases.
        assert await work.personas.get(GUILD, stored.ref) == stored
        assert (await work.personas.add(OWN, persona(same), actor_id=3, now=NOW)).name == same


async def test_dotted_and_dotless_are_two_names(storage: Storage) -> None:
    names = ["i", "ı", "İ"]
    refs = {(await added(storage, name)).ref for name in names}
    assert len(refs) == 3


async def test_a_library_is_listed_by_name_alike_on_both_databases(storage: Storage) -> None:
    for name in ("나비", "zebra", "Ångström", "apple", "가방", "Banana", "_x"):
        await added(storage, name)
    await added(storage, "not here", OWN)
    async with storage.read() as work:
        names = [listed.name for listed in await work.personas.library(GUILD)]
    assert names == ["_x", "apple", "Banana", "zebra", "Ångström", "가방", "나비"]


async def test_an_edit_reaches_its_own_library_and_keeps_names_apart(storage: Storage) -> None:
    one, two = await added(storage, "One"), await added(storage, "Two")
    async with storage.write() as work:
        assert await work.personas.update(GUILD, persona("ONE", one.ref, "New."), NOW)
        assert not await work.personas.update(OWN, persona("Mine", one.ref), NOW)
        with pytest.raises(PersonaExists):
            await work.personas.update(GUILD, persona("one", two.ref), NOW)
        edited = await work.personas.get(GUILD, one.ref)
    assert edited is not None and (edited.name, edited.instructions) == ("ONE", "New.")


async def test_a_deleted_persona_comes_back_under_its_ref(storage: Storage) -> None:
    stored = await added(storage, "Poet")
    async with storage.write() as work:
        assert not await work.personas.delete(OWN, stored.ref)
        assert await work.personas.delete(GUILD, stored.ref)
        assert not await work.personas.delete(GUILD, stored.ref)
        assert await work.personas.restore(GUILD, stored, actor_id=4, now=NOW) == stored
        with pytest.raises(PersonaExists):
            await work.personas.restore(GUILD, stored, actor_id=4, now=NOW)


async def test_a_deleted_ref_is_never_given_to_another_persona(storage: Storage) -> None:
    """A channel still names it: it must not find itself with a stranger."""
    gone = await added(storage, "Poet")
    async with storage.write() as work:
        await work.personas.delete(GUILD, gone.ref)
    assert (await added(storage, "Stranger")).ref != gone.ref


async def test_put_tells_what_was_there(storage: Storage) -> None:
    async with storage.write() as work:
        put = work.settings.put
        before = [await put(Scope.GUILD, 7, "k", value) for value in ("a", "b", None, None)]
        assert before == [None, "a", "b", None]
        assert await work.settings.values(Scope.GUILD, 7) == {}


async def test_layers_go_from_the_person_to_the_guild(storage: Storage) -> None:
    places = [(Scope.PERSON, 1), (Scope.CHANNEL, 2), (Scope.CHANNEL, 3), (Scope.GUILD, 4)]
    async with storage.write() as work:
        for scope, scope_id in places:
            await work.settings.put(scope, scope_id, "k", f"{scope} {scope_id}")
            await work.settings.put(scope, scope_id + 10, "k", "of somebody else")
        await work.settings.put(Scope.GUILD, 2, "k", "the channel's number, but a guild")
        layers = await work.settings.layers(Place(channel_id=2, parent_id=3, guild_id=4), 1)
        nowhere = await work.settings.layers(Place(channel_id=99), None)
    assert layers == [Layer(scope, {"k": f"{scope} {scope_id}"}) for scope, scope_id in places]
    assert nowhere == [Layer(Scope.CHANNEL, {})]


async def test_an_audit_entry_is_kept_as_it_was_written(storage: Storage) -> None:
    async with storage.write() as work:
        ids = [
            await work.audit.add(
                at=NOW, guild_id=7, channel_id=channel, actor_id=3, action="set", details={"이름": [channel, None]}
            )
            for channel in (1, 2, 1, None)
        ]
        await work.audit.add(at=NOW, guild_id=8, channel_id=5, actor_id=3, action="set", details={})
    async with storage.read() as work:
        entry = await work.audit.get(ids[0])
        assert await work.audit.get(10**6) is None
    assert entry is not None
    assert (entry.at, entry.actor_id, entry.details) == (NOW, 3, {"이름": [1, None]})
