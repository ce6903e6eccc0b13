from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Awaitable, Callable

import pytest

from bot.channels.personas import matching
from bot.channels.shipped import DEFAULT_REF, shipped
from bot.domain.actor import EVERYTHING, Actor
from bot.domain.conversation import Place
from bot.domain.persona import MAX_INSTRUCTIONS, MAX_NAME, MAX_PERSONAS, Persona, ReasoningEffort
from bot.domain.settings import Permission, Scope
from bot.errors import (
    LibraryFull,
    PermissionMissing,
    PersonaExists,
    PersonaInvalid,
    PersonaNotFound,
    PersonaReplaced,
    PersonaShipped,
)
from bot.words import words
from tests.channels.conftest import (
    DIRECT,
    ELSEWHERE,
    GUILD,
    MEMBER,
    MODERATOR,
    THREAD,
    Desk,
    actor_without,
    persona,
)

WHOLE = persona(
    "Käpt'n 선장",
    greeting="Ahoy!",
    model="gpt-6-sol",
    temperature=0.7,
    top_p=0.9,
    reasoning_effort=ReasoningEffort.LOW,
)

Deed = Callable[[Desk, Actor, Persona], Awaitable[object]]


async def test_what_was_created_is_found_used_and_audited(desk: Desk) -> None:
    created = await desk.personas.create(GUILD, MODERATOR, WHOLE)
    assert created == dataclasses.replace(WHOLE, ref=created.ref) and created.ref.isdecimal()
    assert await desk.personas.find(GUILD, MEMBER, created.name, "en") == created
    assert await desk.personas.use(GUILD, MEMBER, created.name, "en") == created
    assert await desk.personas.current(GUILD, MEMBER, "en") == created
    assert await desk.actions() == ["persona.create", "persona.use"]
    created_entry, used = await desk.entries()
    assert (created_entry.actor_id, created_entry.guild_id, created_entry.channel_id) == (5, 7, 1)
    assert created_entry.details == dataclasses.asdict(created)
    assert (used.actor_id, used.details["persona"]) == (6, created.ref)


@pytest.mark.parametrize("locale", ["en-US", "ko"])
async def test_the_shipped_ones_come_first_in_the_readers_language(desk: Desk, locale: str) -> None:
    for name in ("Zoe", "anna"):
        await desk.personas.create(GUILD, MODERATOR, persona(name))
    library = await desk.personas.library(GUILD, MEMBER, locale)
    assert library[:3] == shipped(words(locale))
    assert [each.name for each in library[3:]] == ["anna", "Zoe"]


@pytest.mark.parametrize("typed", ["PIRATE", " pirate ", "Pirate"])
async def test_a_name_is_found_whatever_its_case(desk: Desk, typed: str) -> None:
    created = await desk.personas.create(GUILD, MODERATOR, persona())
    assert await desk.personas.find(GUILD, MEMBER, typed, "en") == created


async def test_korean_names_are_the_same_composed_and_decomposed(desk: Desk) -> None:
    created = await desk.personas.create(GUILD, MODERATOR, persona("친절한 선장"))
    decomposed = unicodedata.normalize("NFD", "친절한 선장")
    assert decomposed != created.name
    assert await desk.personas.find(GUILD, MEMBER, decomposed, "ko") == created
    with pytest.raises(PersonaExists):
        await desk.personas.create(GUILD, MODERATOR, persona(decomposed))


async def test_a_name_comes_before_a_ref(desk: Desk) -> None:
    first = await desk.personas.create(GUILD, MODERATOR, persona("One"))
    second = await desk.personas.create(GUILD, MODERATOR, persona(first.ref))
    assert await desk.personas.find(GUILD, MEMBER, first.ref, "en") == second
    assert await desk.personas.find(GUILD, MEMBER, second.ref, "en") == second
    assert await desk.personas.find(GUILD, MEMBER, DEFAULT_REF, "en") == shipped(words("en"))[0]


@pytest.mark.parametrize("name", ["companion", " TUTOR", "길동무", "선생님 "])
@pytest.mark.parametrize("locale", ["en", "ko"])
async def test_a_shipped_name_is_taken_in_every_language(desk: Desk, name: str, locale: str) -> None:
    names = {each.name.casefold() for language in ("en", "ko") for each in shipped(words(language))}
    assert name.strip().casefold() in names
    with pytest.raises(PersonaExists):
        await desk.personas.create(GUILD, MODERATOR, persona(name))
    created = await desk.personas.create(GUILD, MODERATOR, persona())
    with pytest.raises(PersonaExists):
        await desk.personas.edit(GUILD, MODERATOR, dataclasses.replace(created, name=name))
    assert await desk.actions() == ["persona.create"]


@pytest.mark.parametrize("locale", ["en", "ko"])
@pytest.mark.parametrize("name", ["Tutor", " tutor", "선생님", unicodedata.normalize("NFD", "선생님")])
async def test_a_shipped_one_is_found_by_its_name_in_every_language(desk: Desk, name: str, locale: str) -> None:
    tutor = shipped(words(locale))[1]
    for place in (GUILD, DIRECT):
        assert await desk.personas.find(place, MEMBER_IN_DM, name, locale) == tutor
        assert await desk.personas.use(place, MEMBER_IN_DM, name, locale) == tutor
    with pytest.raises(PersonaShipped):
        await desk.personas.delete(GUILD, MODERATOR, name, locale)
    library = await desk.personas.library(GUILD, MEMBER, locale)
    assert matching(library, name) == [tutor]


async def test_libraries_do_not_mix(desk: Desk) -> None:
    created = await desk.personas.create(GUILD, MODERATOR, persona())
    own = await desk.personas.create(DIRECT, MEMBER_IN_DM, persona("Mine"))
    for place, actor, name in (
        (ELSEWHERE, MODERATOR, "Pirate"),
        (DIRECT, MODERATOR, "Pirate"),
        (GUILD, MODERATOR, "Mine"),
        (DIRECT, MODERATOR, "Mine"),
        (ELSEWHERE, MODERATOR, created.ref),
    ):
        with pytest.raises(PersonaNotFound):
            await desk.personas.find(place, actor, name, "en")
    assert await desk.personas.find(DIRECT, MEMBER_IN_DM, "mine", "en") == own
    with pytest.raises(PersonaNotFound):
        await desk.personas.edit(ELSEWHERE, MODERATOR, created)
    with pytest.raises(PersonaNotFound):
        await desk.personas.delete(ELSEWHERE, MODERATOR, created.ref, "en")


MEMBER_IN_DM = dataclasses.replace(MEMBER, permissions=EVERYTHING)


async def test_an_edit_keeps_the_ref_and_notes_both_sides(desk: Desk) -> None:
    created = await desk.personas.create(GUILD, MODERATOR, persona())
    await desk.personas.use(GUILD, MEMBER, "Pirate", "en")
    changed = dataclasses.replace(created, name="Corsair", instructions="Speak softly.")
    assert await desk.personas.edit(GUILD, MODERATOR, changed) == changed
    assert await desk.personas.current(GUILD, MEMBER, "en") == changed
    entry = (await desk.entries())[-1]
    assert entry.action == "persona.edit"
    assert (entry.details["from"]["name"], entry.details["to"]["name"]) == ("Pirate", "Corsair")


async def test_a_renaming_may_change_the_case_but_not_take_a_name(desk: Desk) -> None:
    created = await desk.personas.create(GUILD, MODERATOR, persona())
    await desk.personas.create(GUILD, MODERATOR, persona("Poet"))
    assert (await desk.personas.edit(GUILD, MODERATOR, dataclasses.replace(created, name="PIRATE"))).name == "PIRATE"
    with pytest.raises(PersonaExists):
        await desk.personas.edit(GUILD, MODERATOR, dataclasses.replace(created, name="poet"))
    assert await desk.actions() == ["persona.create", "persona.create", "persona.edit"]


async def test_a_deleted_persona_gives_way_to_the_default_and_comes_back(desk: Desk) -> None:
    created = await desk.personas.create(GUILD, MODERATOR, WHOLE)
    await desk.personas.use(GUILD, MEMBER, created.name, "en")
    deleted = await desk.personas.delete(GUILD, MODERATOR, created.name, "en")
    assert deleted.persona == created
    assert (await desk.personas.current(GUILD, MEMBER, "en")).ref == DEFAULT_REF
    assert await desk.personas.restore(GUILD, MODERATOR, deleted.audit_id) == created
    assert await desk.personas.current(GUILD, MEMBER, "en") == created
    assert await desk.actions() == ["persona.create", "persona.use", "persona.delete", "persona.restore"]


class TestRestore:
    async def test_twice_is_once(self, desk: Desk) -> None:
        await desk.personas.create(GUILD, MODERATOR, persona())
        deleted = await desk.personas.delete(GUILD, MODERATOR, "Pirate", "en")
        restored = [await desk.personas.restore(GUILD, MODERATOR, deleted.audit_id) for _ in range(2)]
        assert restored == [deleted.persona] * 2
        assert await desk.actions() == ["persona.create", "persona.delete", "persona.restore"]

    async def test_a_name_that_was_taken_meanwhile_stays_taken(self, desk: Desk) -> None:
        await desk.personas.create(GUILD, MODERATOR, persona())
        deleted = await desk.personas.delete(GUILD, MODERATOR, "Pirate", "en")
        other = await desk.personas.create(GUILD, MODERATOR, persona("pirate"))
        assert other.ref != deleted.persona.ref, "a ref is never given out twice"
        with pytest.raises(PersonaReplaced) as refused:
            await desk.personas.restore(GUILD, MODERATOR, deleted.audit_id)
        assert refused.value.name == "Pirate" and (await desk.actions())[-1] == "persona.create"

    async def test_of_another_library_or_another_deed_is_refused(self, desk: Desk) -> None:
        await desk.personas.create(GUILD, MODERATOR, persona())
        deleted = await desk.personas.delete(GUILD, MODERATOR, "Pirate", "en")
        await desk.personas.create(DIRECT, MEMBER_IN_DM, persona("Mine"))
        own = await desk.personas.delete(DIRECT, MEMBER_IN_DM, "Mine", "en")
        created_entry = (await desk.entries())[0]
        for place, actor, entry_id in (
            (ELSEWHERE, MODERATOR, deleted.audit_id),
            (DIRECT, MODERATOR, own.audit_id),
            (GUILD, MODERATOR, own.audit_id),
            (GUILD, MODERATOR, created_entry.id),
            (GUILD, MODERATOR, 999),
        ):
            with pytest.raises(PersonaNotFound):
                await desk.personas.restore(place, actor, entry_id)

    async def test_a_full_library_takes_none_back(self, desk: Desk) -> None:
        for number in range(MAX_PERSONAS):
            await desk.personas.create(GUILD, MODERATOR, persona(f"No {number}"))
        with pytest.raises(LibraryFull):
            await desk.personas.create(GUILD, MODERATOR, persona())
        deleted = await desk.personas.delete(GUILD, MODERATOR, "No 7", "en")
        await desk.personas.create(GUILD, MODERATOR, persona())
        with pytest.raises(LibraryFull):
            await desk.personas.restore(GUILD, MODERATOR, deleted.audit_id)
        assert await desk.count("personas") == MAX_PERSONAS


class TestPermissions:
    @pytest.mark.parametrize(
        "deed",
        [
            lambda desk, actor, made: desk.personas.create(GUILD, actor, persona("New")),
            lambda desk, actor, made: desk.personas.editable(GUILD, actor, made.name, "en"),
            lambda desk, actor, made: desk.personas.edit(GUILD, actor, made),
            lambda desk, actor, made: desk.personas.delete(GUILD, actor, made.name, "en"),
            lambda desk, actor, made: desk.personas.restore(GUILD, actor, 1),
        ],
    )
    async def test_the_library_takes_manage_channels(self, desk: Desk, deed: Deed) -> None:
        made = await desk.personas.create(GUILD, MODERATOR, persona())
        with pytest.raises(PermissionMissing) as refused:
            await deed(desk, actor_without(Permission.MANAGE_CHANNELS), made)
        assert refused.value.permission == Permission.MANAGE_CHANNELS
        assert await desk.actions() == ["persona.create"]
        assert await desk.personas.find(GUILD, MEMBER, "Pirate", "en") == made

    async def test_who_may_not_write_here_chooses_no_persona(self, desk: Desk) -> None:
        with pytest.raises(PermissionMissing):
            await desk.personas.use(GUILD, actor_without(Permission.SEND_MESSAGES), "Tutor", "en")

    @pytest.mark.parametrize("place", [GUILD, THREAD])
    async def test_the_choice_can_be_left_to_managers(self, desk: Desk, place: Place) -> None:
        await desk.preferences.set(GUILD, MODERATOR, "persona_use", "managers", Scope.CHANNEL)
        with pytest.raises(PermissionMissing):
            await desk.personas.use(place, MEMBER, "Tutor", "en")
        assert (await desk.personas.use(place, MODERATOR, "Tutor", "en")).ref == "shipped:tutor"


class TestShipped:
    async def test_they_can_be_used_but_not_changed(self, desk: Desk) -> None:
        tutor = await desk.personas.use(GUILD, MEMBER, "tutor", "en")
        assert (await desk.personas.current(GUILD, MEMBER, "ko")).name == shipped(words("ko"))[1].name
        for deed in (
            desk.personas.editable(GUILD, MODERATOR, "Tutor", "en"),
            desk.personas.edit(GUILD, MODERATOR, tutor),
            desk.personas.delete(GUILD, MODERATOR, "Tutor", "en"),
        ):
            with pytest.raises(PersonaShipped):
                await deed
        assert await desk.actions() == ["persona.use"]


async def test_a_thread_has_its_parents_persona_until_it_gets_its_own(desk: Desk) -> None:
    await desk.personas.use(GUILD, MEMBER, "Tutor", "en")
    assert (await desk.personas.current(THREAD, MEMBER, "en")).ref == "shipped:tutor"
    await desk.personas.use(THREAD, MEMBER, "Editor", "en")
    assert (await desk.personas.current(THREAD, MEMBER, "en")).ref == "shipped:editor"
    assert (await desk.personas.current(GUILD, MEMBER, "en")).ref == "shipped:tutor"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "   "),
        ("name", "x" * (MAX_NAME + 1)),
        ("instructions", "\n"),
        ("instructions", "x" * (MAX_INSTRUCTIONS + 1)),
        ("greeting", "x" * 501),
        ("temperature", 2.1),
        ("temperature", float("nan")),
        ("top_p", -0.1),
    ],
)
async def test_what_does_not_fit_is_refused(desk: Desk, field: str, value: object) -> None:
    with pytest.raises(PersonaInvalid) as refused:
        await desk.personas.create(GUILD, MODERATOR, dataclasses.replace(persona(), **{field: value}))  # type: ignore[arg-type]
    assert refused.value.field == field and await desk.count("personas") == await desk.count("audit") == 0


async def test_what_is_written_is_tidied(desk: Desk) -> None:
    made = await desk.personas.create(GUILD, MODERATOR, persona("  Old \n Pirate ", model=" ", greeting=" Hi "))
    assert (made.name, made.model, made.greeting) == ("Old Pirate", None, "Hi")
    assert await desk.personas.find(GUILD, MEMBER, "old   pirate", "en") == made


async def test_a_deed_that_cannot_be_audited_is_not_done(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await desk.personas.create(GUILD, MODERATOR, persona())

    async def refused(*arguments: object, **values: object) -> int:
        raise OSError("the disk is full")

    monkeypatch.setattr("bot.storage.audit.Audit.add", refused)
    for deed in (
        desk.personas.create(GUILD, MODERATOR, persona("New")),
        desk.personas.edit(GUILD, MODERATOR, dataclasses.replace(made, name="Other")),
        desk.personas.delete(GUILD, MODERATOR, "Pirate", "en"),
        desk.personas.use(GUILD, MODERATOR, "Pirate", "en"),
    ):
        with pytest.raises(OSError, match="disk"):
            await deed
    assert [each.name for each in (await desk.personas.library(GUILD, MEMBER, "en"))[3:]] == ["Pirate"]
    assert (await desk.personas.current(GUILD, MEMBER, "en")).ref == DEFAULT_REF


def test_suggestions_begin_with_what_was_typed_and_then_hold_it() -> None:
    made = [persona(name) for name in ("Mapmaker", "Old map", "Cook", "map")]
    assert [each.name for each in matching(made, "MAP")] == ["Mapmaker", "map", "Old map"]
    assert matching(made, "x") == [] and len(matching([persona(str(number)) for number in range(60)], "")) == 25
