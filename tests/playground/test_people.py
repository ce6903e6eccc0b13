"""What a person cannot do, though a program asks for it in their name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from playground import permissions
from playground.commands import CHAT_INPUT, MESSAGE_MENU, USER_MENU
from playground.entities import EPHEMERAL, Channel, Guild, Message, Modal, Overwrite
from playground.errors import ApiError, Impossible
from playground.people import Person
from playground.posting import Draft
from playground.server import Playground
from tests.playground.client import Client

BUTTON = {"type": 2, "style": 1, "custom_id": "press", "label": "Press"}
ROW = {"type": 1, "components": [BUTTON]}
FIELD = {"type": 18, "label": "Name", "component": {"type": 4, "custom_id": "name", "style": 1, "required": False}}
FORM = {"custom_id": "form", "title": "Form", "components": [FIELD]}


@pytest.fixture(autouse=True)
def registered(playground: Playground) -> None:
    same = [{"name": "ask", "type": type} for type in (USER_MENU, MESSAGE_MENU)]
    playground.world.commands.overwrite(None, [*same, {"name": "ask", "description": "Asks", "type": CHAT_INPUT}])


@pytest.fixture
def grace(playground: Playground, guild: Guild) -> Person:
    grace = playground.add_person("Grace")
    playground.join(grace, guild)
    return grace


async def opened(playground: Playground, person: Person, channel: Channel) -> Modal:
    asked = (await person.command(channel, "ask")).interaction
    playground.interactions.answer(asked, 9, FORM, Draft())
    assert asked.modal is not None
    return asked.modal


async def private(playground: Playground, person: Person, channel: Channel) -> Message:
    asked = (await person.command(channel, "ask")).interaction
    draft = Draft(content="for you alone", components=[ROW], flags=EPHEMERAL)
    answer = playground.interactions.answer(asked, 4, {}, draft)
    assert answer is not None
    return answer


Deed = Callable[[Person, Channel, Message, Modal], Awaitable[Any]]
DEEDS: dict[str, Deed] = {
    "say": lambda person, place, message, modal: person.say(place, "a"),
    "type": lambda person, place, message, modal: person.type(place),
    "click": lambda person, place, message, modal: person.click(message, "press"),
    "submit": lambda person, place, message, modal: person.submit(modal, {}),
    "command": lambda person, place, message, modal: person.command(place, "ask"),
    "menu": lambda person, place, message, modal: person.menu(message, "ask"),
    "react": lambda person, place, message, modal: person.react(message, "🎉"),
    "edit": lambda person, place, message, modal: person.edit(place.messages[0], "b"),
    "delete": lambda person, place, message, modal: person.delete(place.messages[0]),
    "thread": lambda person, place, message, modal: person.open_thread(place, "aside"),
}


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)
@pytest.mark.parametrize("gone", [True, False], ids=["out of the server", "channel hidden"])
async def test_who_does_not_see_a_channel_can_do_nothing_in_it(
    playground: Playground, client: Client, guild: Guild, general: Channel, ada: Person, deed: Deed, gone: bool
) -> None:
    await ada.say(general, "mine")
    await client.bot("POST", f"/channels/{general.id}/messages", {"content": "panel", "components": [ROW]})
    panel, modal = general.messages[-1], await opened(playground, ada, general)
    if gone:
        playground.world.leave(ada.user, guild)
    else:
        hidden = Overwrite(id=ada.id, for_member=True, deny=permissions.VIEW_CHANNEL)
        playground.world.set_overwrites(general, [hidden])
    happened: list[object] = []
    playground.world.subscribe(happened.append)
    with pytest.raises(ApiError) as refused:
        await deed(ada, general, panel, modal)
    assert (refused.value.status, refused.value.code) == (403, 50001)
    assert not happened


async def test_that_is_a_clean_answer_over_http_too(
    playground: Playground, client: Client, guild: Guild, general: Channel, ada: Person
) -> None:
    await client.bot("POST", f"/channels/{general.id}/messages", {"content": "panel", "components": [ROW]})
    modal = await opened(playground, ada, general)
    playground.world.leave(ada.user, guild)
    me = {"user_id": str(ada.id)}
    asked: list[tuple[str, dict[str, Any]]] = [
        ("/components", {"message_id": str(general.messages[0].id), "custom_id": "press"}),
        ("/modals", {"interaction_id": str(modal.interaction.id)}),
        (f"/channels/{general.id}/typing", {}),
    ]
    for path, more in asked:
        refused = await client.people("POST", path, {**me, **more})
        assert (refused.status, refused.body["code"]) == (403, 50001), path


async def test_who_may_not_write_does_not_type(playground: Playground, general: Channel, ada: Person) -> None:
    silent = Overwrite(id=ada.id, for_member=True, deny=permissions.SEND_MESSAGES)
    playground.world.set_overwrites(general, [silent])
    with pytest.raises(ApiError, match="50013"):
        await ada.type(general)


async def test_the_bot_too_types_only_where_it_may_write(
    playground: Playground, client: Client, general: Channel
) -> None:
    path = f"/channels/{general.id}/typing"
    for denied, code in ((permissions.SEND_MESSAGES, 50013), (permissions.VIEW_CHANNEL, 50001)):
        playground.world.set_overwrites(general, [Overwrite(id=playground.bot_user_id, for_member=True, deny=denied)])
        assert (await client.bot("POST", path)).code == code


async def test_commands_of_one_name_are_told_apart_by_their_type(
    playground: Playground, general: Channel, ada: Person
) -> None:
    said = await ada.say(general, "a")
    used = [await ada.menu(ada.user, "ask", general), await ada.menu(said, "ask"), await ada.command(general, "ask")]
    types = [each.interaction.data["type"] for each in used]
    assert types == [USER_MENU, MESSAGE_MENU, CHAT_INPUT]
    ids = {command["type"]: command["id"] for command in playground.world.commands.registered(None)}
    assert [each.interaction.data["id"] for each in used] == [ids[type] for type in types]
    assert [each.interaction.data.get("target_id") for each in used] == [str(ada.id), str(said.id), None]


async def test_so_are_their_permissions(playground: Playground, guild: Guild, general: Channel, ada: Person) -> None:
    commands, said = playground.world.commands, await ada.say(general, "a")

    def offered() -> set[int]:
        return {found.command["type"] for found in commands.offered(ada.user, general)}

    commands.permit(guild, "ask", ada.id, False)
    assert offered() == {USER_MENU, MESSAGE_MENU}
    commands.permit(guild, "ask", ada.id, False, type=MESSAGE_MENU)
    assert offered() == {USER_MENU}
    with pytest.raises(Impossible, match="not offered"):
        await ada.menu(said, "ask")


async def test_a_menus_name_may_have_spaces(
    playground: Playground, guild: Guild, general: Channel, ada: Person
) -> None:
    commands = playground.world.commands
    commands.overwrite(None, [{"name": "Explain this", "type": MESSAGE_MENU}])
    commands.permit(guild, "Explain this", ada.id, False, type=MESSAGE_MENU)
    assert not commands.offered(ada.user, general)


async def test_what_is_for_one_person_is_nobody_elses(
    playground: Playground, client: Client, general: Channel, ada: Person, grace: Person
) -> None:
    answer, modal = await private(playground, ada, general), await opened(playground, ada, general)
    with pytest.raises(Impossible, match="not to be seen"):
        await grace.click(answer, "press")
    with pytest.raises(Impossible, match="before somebody else"):
        await grace.submit(modal, {})
    me = {"user_id": str(grace.id)}
    pressed = {**me, "message_id": str(answer.id), "custom_id": "press"}
    assert (await client.people("POST", "/components", pressed)).status == 422
    filled = {**me, "interaction_id": str(modal.interaction.id)}
    assert (await client.people("POST", "/modals", filled)).status == 422
    assert (await ada.click(answer, "press")).interaction.message is answer
    assert (await ada.submit(modal, {})).interaction.opened_by is modal.interaction


MESSAGE_DEEDS = {name: DEEDS[name] for name in ("click", "menu", "react")} | {
    "edit": lambda person, place, message, modal: person.edit(message, "b"),
    "delete": lambda person, place, message, modal: person.delete(message),
    "unreact": lambda person, place, message, modal: person.unreact(message, "🎉"),
    "thread": lambda person, place, message, modal: person.open_thread(place, "aside", message),
}


@pytest.mark.parametrize("deed", MESSAGE_DEEDS.values(), ids=MESSAGE_DEEDS)
async def test_somebody_elses_private_message_and_a_deleted_one_are_out_of_reach(
    playground: Playground, general: Channel, ada: Person, grace: Person, deed: Deed
) -> None:
    answer, modal = await private(playground, ada, general), await opened(playground, ada, general)
    gone = await grace.say(general, "gone")
    playground.world.delete_message(gone)
    happened: list[object] = []
    playground.world.subscribe(happened.append)
    with pytest.raises(Impossible, match="not to be seen"):
        await deed(grace, general, answer, modal)
    with pytest.raises(ApiError) as refused:
        await deed(grace, general, gone, modal)
    assert (refused.value.status, refused.value.code) == (404, 10008)
    assert not happened


async def test_a_form_opens_in_the_feed_of_its_person_alone(
    playground: Playground, client: Client, general: Channel, ada: Person, grace: Person
) -> None:
    hers, others = await client.events(ada.id), await client.events(grace.id)
    await opened(playground, ada, general)
    await ada.say(general, "done")
    seen: dict[str, list[str]] = {}
    for name, feed in (("hers", hers), ("others", others)):
        types = seen[name] = []
        while not types or types[-1] != "message_create":
            types.append((await feed.receive_json(timeout=30))["type"])
    assert "modal" in seen["hers"] and "modal" not in seen["others"]
