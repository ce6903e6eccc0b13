"""What Discord refuses of a message or form though each field by itself is right."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from playground.entities import COMPONENTS_V2, Channel
from playground.people import Invocation, Person
from playground.server import Playground
from tests.playground.client import Client, Reply
from tests.playground.test_bodies import problems

Json = dict[str, Any]

COMMAND = {"name": "ask", "description": "Asks", "type": 1}
OPTION = {"label": "Spade", "value": "s"}
LONG_FIELD = {"name": "n" * 256, "value": "v" * 1024}
"""1,280 characters."""
CHOSEN = {**OPTION, "default": True}
USERS = [{"id": "7", "type": "user"}, {"id": "8", "type": "user"}]
EMPTY_FACE = {"type": 2, "style": 1, "custom_id": "face"}


def button(name: str, **more: Any) -> Json:
    return {"type": 2, "style": 1, "custom_id": name, "label": name, **more}


def select(name: str, **more: Any) -> Json:
    return {"type": 3, "custom_id": name, "options": [OPTION, {"label": "Rake", "value": "r"}], **more}


def row(*parts: Json) -> Json:
    return {"type": 1, "components": list(parts)}


def text(content: str) -> Json:
    return {"type": 10, "content": content}


def field(inner: Json) -> Json:
    return {"type": 18, "label": "Field", "component": inner}


def v2(*parts: Json) -> Json:
    return {"flags": COMPONENTS_V2, "components": list(parts)}


AT = "components.0.components"
SECTION = {"type": 9, "components": [text("a")], "accessory": button("a")}
REFUSED: list[tuple[Json, dict[str, str]]] = [
    ({"embeds": [{}]}, {"embeds.0.description": "BASE_TYPE_REQUIRED"}),
    ({"embeds": [{"title": "t"}, {"color": 1}]}, {"embeds.1.description": "BASE_TYPE_REQUIRED"}),
    ({"embeds": [{"title": "", "fields": []}]}, {"embeds.0.description": "BASE_TYPE_REQUIRED"}),
    ({"components": [row(EMPTY_FACE)]}, {f"{AT}.0.label": "BASE_TYPE_REQUIRED"}),
    (
        {"components": [row({"type": 2, "style": 5, "url": "https://a.example", "label": ""})]},
        {f"{AT}.0.label": "BASE_TYPE_REQUIRED"},
    ),
    (
        {"components": [row(button("a", emoji={"name": "rose"}))]},
        {f"{AT}.0.emoji.name": "BUTTON_COMPONENT_INVALID_EMOJI"},
    ),
    ({"components": [row(button("a", emoji={"name": ""}))]}, {f"{AT}.0.emoji.name": "BUTTON_COMPONENT_INVALID_EMOJI"}),
    (
        {"components": [row(select("a", options=[OPTION, {"label": "b", "value": "b", "emoji": {"name": "rose"}}]))]},
        {f"{AT}.0.options.1.emoji.name": "BUTTON_COMPONENT_INVALID_EMOJI"},
    ),
    ({"components": [row(select("a"), select("b"))]}, {f"{AT}.1": "COMPONENT_LAYOUT_WIDTH_EXCEEDED"}),
    ({"components": [row(button("a"), select("b"))]}, {f"{AT}.1": "COMPONENT_LAYOUT_WIDTH_EXCEEDED"}),
    ({"components": [row(select("a"), button("b"))]}, {f"{AT}.1": "COMPONENT_LAYOUT_WIDTH_EXCEEDED"}),
    (
        {"components": [row(select("a", options=[OPTION, {**OPTION, "label": "Another"}]))]},
        {f"{AT}.0.options.1.value": "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED"},
    ),
    (
        {"components": [row(button("a")), row(button("a"))]},
        {"components.1.components.0.custom_id": "COMPONENT_CUSTOM_ID_DUPLICATED"},
    ),
    (v2(SECTION, row(button("a"))), {"components.1.components.0.custom_id": "COMPONENT_CUSTOM_ID_DUPLICATED"}),
    (
        {"components": [row(select("a", min_values=2))]},
        {f"{AT}.0.min_values": "NUMBER_TYPE_MAX"},
    ),
    (
        {"components": [row(select("a", options=[CHOSEN, {**CHOSEN, "value": "b"}]))]},
        {f"{AT}.0.options": "SELECT_COMPONENT_TOO_MANY_DEFAULT_VALUES"},
    ),
    (
        {"components": [row({"type": 5, "custom_id": "a", "default_values": USERS})]},
        {f"{AT}.0.default_values": "SELECT_COMPONENT_TOO_MANY_DEFAULT_VALUES"},
    ),
    (
        {"components": [row(button("a", id=7), button("b", id=7))]},
        {f"{AT}.1.id": "COMPONENT_ID_DUPLICATED"},
    ),
    (
        {"components": [row(button("a", style=5, url="https://a.example"))]},
        {f"{AT}.0.custom_id": "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE"},
    ),
    (
        {"components": [row(button("a", url="https://a.example"))]},
        {f"{AT}.0.custom_id": "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE"},
    ),
    ({"components": [row(select("a", max_values=3))]}, {f"{AT}.0.options": "BASE_TYPE_BAD_LENGTH"}),
    (v2(text("a" * 4000), text("b")), {"components": "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED"}),
    (
        v2({"type": 17, "components": [text("a" * 3000)]}, {**SECTION, "components": [text("a" * 1001)]}),
        {"components": "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED"},
    ),
    (
        v2({"type": 17, "components": [text("a")] * 39}, text("a")),
        {"components": "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED"},
    ),
    (
        {"embeds": [{"title": "t" * 256, "description": "d" * 3185}, {"fields": [LONG_FIELD, LONG_FIELD]}]},
        {"embeds": "MAX_EMBED_SIZE_EXCEEDED"},
    ),
    ({"components": [text("a")]}, {"components.0": "UNION_TYPE_CHOICES"}),
    ({"components": [row(button(f"{number}")) for number in range(6)]}, {"components": "BASE_TYPE_BAD_LENGTH"}),
    ({"attachments": [{"id": 0}]}, {"attachments.0": "ATTACHMENT_NOT_FOUND"}),
    (
        {"message_reference": {"message_id": "1", "channel_id": "7"}},
        {"message_reference": "REPLIES_CANNOT_REFERENCE_OTHER_CHANNEL"},
    ),
]
IN_ANSWERS = [each for each in REFUSED if "message_reference" not in each[0]]


@pytest.fixture
async def asked(playground: Playground, general: Channel, ada: Person) -> Invocation:
    playground.limits.set_rate("interaction.webhook", None)
    playground.world.commands.overwrite(None, [COMMAND])
    return await ada.command(general, "ask")


def told(reply: Reply) -> dict[str, str]:
    assert (reply.status, reply.code) == (400, 50035), reply
    return problems(reply.body["errors"])


def with_content(body: Json) -> Json:
    return body if body.get("flags") else {"content": "a", **body}


@pytest.mark.parametrize(("body", "wrong"), REFUSED)
async def test_a_message_is_refused(client: Client, general: Channel, body: Json, wrong: dict[str, str]) -> None:
    assert told(await client.bot("POST", f"/channels/{general.id}/messages", with_content(body))) == wrong
    assert not general.messages


@pytest.mark.parametrize(("body", "wrong"), IN_ANSWERS)
async def test_so_is_an_edit(client: Client, general: Channel, body: Json, wrong: dict[str, str]) -> None:
    path = f"/channels/{general.id}/messages"
    sent = await client.bot("POST", path, {"embeds": [{"title": "before"}]})
    cleared: Json = {"embeds": []} if body.get("flags") else {}
    assert told(await client.bot("PATCH", f"{path}/{sent.body['id']}", {**cleared, **body})) == wrong
    assert not general.messages[0].components and general.messages[0].embeds


@pytest.mark.parametrize(("body", "wrong"), IN_ANSWERS)
async def test_so_are_answers_to_interactions(
    playground: Playground, client: Client, general: Channel, asked: Invocation, body: Json, wrong: dict[str, str]
) -> None:
    callback = f"/interactions/{asked.interaction.id}/{asked.interaction.token}/callback"
    webhook = f"/webhooks/{playground.bot_user_id}/{asked.interaction.token}"
    refused = await client.bot("POST", callback, {"type": 4, "data": with_content(body)})
    assert told(refused) == {f"data.{at}": code for at, code in wrong.items()}
    assert (await client.bot("POST", callback, {"type": 4, "data": {"content": "before"}})).status == 204
    assert told(await client.bot("POST", webhook, with_content(body))) == wrong
    cleared: Json = {"content": None} if body.get("flags") else {}
    assert told(await client.bot("PATCH", f"{webhook}/messages/@original", {**cleared, **body})) == wrong
    assert [message.content for message in general.messages] == ["before"]


@pytest.mark.parametrize(("body", "wrong"), IN_ANSWERS)
async def test_so_is_a_change_by_a_button(
    client: Client, general: Channel, ada: Person, body: Json, wrong: dict[str, str]
) -> None:
    panel = {"content": "panel", "components": [row(button("press"))]}
    await client.bot("POST", f"/channels/{general.id}/messages", panel)
    pressed = (await ada.click(general.messages[0], "press")).interaction
    cleared = {"content": ""} if body.get("flags") else {}
    change = {"type": 7, "data": {**cleared, **body}}
    refused = await client.bot("POST", f"/interactions/{pressed.id}/{pressed.token}/callback", change)
    assert told(refused) == {f"data.{at}": code for at, code in wrong.items()}
    assert pressed.answered is None


INPUT = {"type": 4, "custom_id": "a", "style": 1}


@pytest.mark.parametrize(
    ("parts", "wrong"),
    [
        ([field(INPUT), field({**INPUT})], {"1.component.custom_id": "COMPONENT_CUSTOM_ID_DUPLICATED"}),
        (
            [row({**INPUT, "label": "A"}), row({**INPUT, "label": "B"})],
            {"1.components.0.custom_id": "COMPONENT_CUSTOM_ID_DUPLICATED"},
        ),
        ([row({**INPUT, "label": "A"}, {**INPUT, "custom_id": "b", "label": "B"})], {"0.components": "BASE_TYPE"}),
        ([row(INPUT)], {"0.components.0.label": "BASE_TYPE_REQUIRED"}),
        ([field(select("a", min_values=2))], {"0.component.min_values": "NUMBER_TYPE_MAX"}),
        ([field(select("a", max_values=3))], {"0.component.options": "BASE_TYPE_BAD_LENGTH"}),
        (
            [field(select("a", options=[OPTION, OPTION]))],
            {"0.component.options.1.value": "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED"},
        ),
        (
            [field({"type": 22, "custom_id": "a", "options": [OPTION], "max_values": 2})],
            {"0.component.options": "BASE_TYPE_BAD_LENGTH"},
        ),
    ],
)
async def test_a_form_is_refused(client: Client, asked: Invocation, parts: list[Json], wrong: dict[str, str]) -> None:
    callback = f"/interactions/{asked.interaction.id}/{asked.interaction.token}/callback"
    data = {"custom_id": "form", "title": "Form", "components": parts}
    refused = told(await client.bot("POST", callback, {"type": 9, "data": data}))
    expected = {f"data.components.{at}": code for at, code in wrong.items()}
    assert refused.keys() == expected.keys()
    assert all(refused[at].startswith(code) for at, code in expected.items())
    assert asked.modal is None


async def test_a_form_with_all_kinds_of_fields_opens(client: Client, asked: Invocation) -> None:
    callback = f"/interactions/{asked.interaction.id}/{asked.interaction.token}/callback"
    kinds = [
        {**INPUT, "custom_id": "text"},
        select("tool", min_values=0, max_values=2),
        {"type": 22, "custom_id": "boxes", "options": [OPTION, {"label": "b", "value": "b"}], "min_values": 2},
        {"type": 19, "custom_id": "file", "max_values": 3},
        {"type": 5, "custom_id": "who", "max_values": 9},
    ]
    data = {"custom_id": "form", "title": "Form", "components": [field(each) for each in kinds]}
    assert (await client.bot("POST", callback, {"type": 9, "data": data})).status == 204


async def test_what_is_just_right_is_sent(playground: Playground, client: Client, general: Channel) -> None:
    playground.limits.set_rate("message.create", None)
    right: list[Json] = [
        {"embeds": [{"image": {"url": "https://a.example/a.png"}}]},
        {"embeds": [{"footer": {"text": "f"}}, {"fields": [{"name": "a", "value": "b"}]}]},
        {"content": "a", "components": [row(*(button(f"{number}") for number in range(5))), row(select("s"))]},
        {"content": "a", "components": [row({**EMPTY_FACE, "emoji": {"name": "🌹"}})]},
        {"content": "a", "components": [row({**EMPTY_FACE, "emoji": {"name": "rose", "id": "7"}})]},
        {"content": "a", "components": [row(select("s", options=[{**OPTION, "emoji": {"name": "🌹"}}]))]},
        {"content": "a", "components": [row(select("s", min_values=0, max_values=2))]},
        {"content": "a", "components": [row(button("a", id=0), button("b", id=0))]},
        {"content": "a", "components": [row(select("s", options=[CHOSEN, {**CHOSEN, "value": "b"}], max_values=2))]},
        {"content": "a", "components": [row({"type": 5, "custom_id": "a", "default_values": USERS, "max_values": 2})]},
        v2({"type": 17, "components": [text("a")] * 38}, text("a")),
        {"embeds": [{"title": "t" * 256, "description": "d" * 3184}, {"fields": [LONG_FIELD, LONG_FIELD]}]},
        v2(text("a" * 3999), SECTION),
    ]
    for body in right:
        sent = await client.bot("POST", f"/channels/{general.id}/messages", body)
        assert sent.status == 200, sent.body


async def test_components_without_a_number_get_one_that_is_free(client: Client, general: Channel) -> None:
    parts = [row(button("a"), button("b", id=1), button("c", id=0)), row(button("d", id=3), button("e"))]
    body = {"content": "a", "components": parts}
    sent = (await client.bot("POST", f"/channels/{general.id}/messages", body)).body["components"]
    numbers = [(each["id"], [inner["id"] for inner in each["components"]]) for each in sent]
    assert numbers == [(2, [4, 1, 5]), (6, [3, 7])]


LEGACY = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"


@pytest.mark.parametrize(
    ("before", "change", "wrong"),
    [
        ({"content": "a"}, v2(text("b")), {"content": LEGACY}),
        ({"embeds": [{"title": "a"}]}, v2(text("b")), {"embeds": LEGACY}),
        (v2(text("b")), {"content": "a"}, {"content": LEGACY}),
        (v2(text("b")), {"embeds": [{"title": "a"}]}, {"embeds": LEGACY}),
        (v2(text("b")), {"content": "a", "flags": 0}, {"content": LEGACY}),
        ({"content": "a"}, {"attachments": [{"id": 0}, {"id": 7}]}, {"attachments.0": "ATTACHMENT_NOT_FOUND"}),
    ],
)
async def test_an_edit_is_judged_by_what_would_become_of_the_message(
    client: Client, general: Channel, before: Json, change: Json, wrong: dict[str, str]
) -> None:
    path = f"/channels/{general.id}/messages"
    sent = await client.bot("POST", path, before)
    refused = told(await client.bot("PATCH", f"{path}/{sent.body['id']}", change))
    assert refused.items() >= wrong.items()
    assert (await client.bot("GET", f"{path}/{sent.body['id']}")).body == sent.body


async def test_a_message_becomes_one_of_components_once_its_text_is_gone(client: Client, general: Channel) -> None:
    path = f"/channels/{general.id}/messages"
    sent = await client.bot("POST", path, {"content": "a"})
    place = f"{path}/{sent.body['id']}"
    changed = await client.bot("PATCH", place, {**v2(text("b")), "content": None})
    assert changed.body["content"] == "" and changed.body["flags"] & COMPONENTS_V2
    again = await client.bot("PATCH", place, {"components": [text("c")]})
    assert again.body["components"][0]["content"] == "c"


async def test_an_edit_keeps_each_file_once(playground: Playground, client: Client, general: Channel) -> None:
    sent = (await client.bot("POST", f"/channels/{general.id}/messages", {"content": "a"})).body
    form = aiohttp.FormData({"payload_json": '{"attachments": [{"id": 0, "filename": "b.txt"}]}'})
    form.add_field("files[0]", b"b", filename="a.txt")
    url = f"{playground.api_url}/channels/{general.id}/messages/{sent['id']}"
    edited = await client.fetch("PATCH", url, data=form, headers={"Authorization": f"Bot {playground.token}"})
    assert [each["filename"] for each in edited.body["attachments"]] == ["b.txt"]
    assert [str(id) for id in playground.world.attachments] == [edited.body["attachments"][0]["id"]]


async def test_an_edit_drops_the_files_that_it_does_not_name(
    playground: Playground, client: Client, general: Channel, ada: Person
) -> None:
    path = f"/channels/{general.id}/messages"
    form = aiohttp.FormData({"payload_json": '{"content": "a"}'})
    for number, name in enumerate(("a.txt", "b.txt", "c.txt")):
        form.add_field(f"files[{number}]", name.encode(), filename=name)
    headers = {"Authorization": f"Bot {playground.token}"}
    sent = (await client.fetch("POST", f"{playground.api_url}{path}", data=form, headers=headers)).body
    first, second, third = ({"id": each["id"]} for each in sent["attachments"])
    place = f"{path}/{sent['id']}"
    for wanted, names in (([third, first], ["c.txt", "a.txt"]), ([third], ["c.txt"]), ([], [])):
        changed = (await client.bot("PATCH", place, {"attachments": wanted})).body
        assert [each["filename"] for each in changed["attachments"]] == names
    assert problems((await client.bot("PATCH", place, {"attachments": [second]})).body["errors"])
