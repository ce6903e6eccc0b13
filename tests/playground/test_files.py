"""Files: their names, where their links lead, and how a message shows its own."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest

from playground import filenames
from playground.entities import COMPONENTS_V2, Channel
from playground.gateway.outbox import Outbox
from playground.people import Person
from playground.server import Playground
from tests.playground.client import Client, Reply
from tests.playground.test_bodies import problems

Json = dict[str, Any]


async def sent(
    playground: Playground, client: Client, path: str, body: Json, *names: str, method: str = "POST", **headers: str
) -> Reply:
    """With files of these names, each with its own name as content."""
    form = aiohttp.FormData({"payload_json": json.dumps(body)}, quote_fields=False)
    for number, name in enumerate(names):
        form.add_field(f"files[{number}]", name.encode(), filename=name)
    given = {"Authorization": f"Bot {playground.token}", **headers}
    return await client.fetch(method, f"{playground.api_url}{path}", data=form, headers=given)


@pytest.mark.parametrize(
    ("name", "kept", "title"),
    [
        ("a.txt", "a.txt", None),
        ("a b.txt", "a_b.txt", None),
        ("../../etc/passwd", "passwd", None),
        ("C:\\notes\\b.png", "b.png", None),
        ("a(1)#?.tar.gz", "a1.tar.gz", "a(1)#?.tar"),
        ("메모.txt", "unknown.txt", "메모"),
        ("메모 1.txt", "_1.txt", "메모 1"),
        ("..", "unknown", ".."),
    ],
)
async def test_names_are_made_safe(
    playground: Playground, client: Client, general: Channel, ada: Person, name: str, kept: str, title: str | None
) -> None:
    said = await ada.say(general, "", files=[(name, b"a")])
    shown = (await client.bot("GET", f"/channels/{general.id}/messages/{said.id}")).body["attachments"][0]
    assert (shown["filename"], shown.get("title")) == (kept, title)
    assert f"/{kept}?" in shown["url"] and (await client.fetch("GET", shown["url"])).body == b"a"


def test_a_name_that_is_safe_stays_so() -> None:
    for name in ("메모.txt", "a b", "../x", "", " ", "."):
        assert filenames.safe(filenames.safe(name)) == filenames.safe(name) != ""


async def test_embeds_show_the_files_of_their_message(playground: Playground, client: Client, general: Channel) -> None:
    embed = {
        "title": "attachment://rose.png",
        "image": {"url": "attachment://rose.png"},
        "thumbnail": {"url": "attachment://none.png"},
        "author": {"name": "a", "icon_url": "attachment://a_b.png"},
    }
    path = f"/channels/{general.id}/messages"
    shown = (await sent(playground, client, path, {"embeds": [embed]}, "rose.png", "a b.png")).body
    [told] = shown["embeds"]
    assert told["title"] == "attachment://rose.png" and told["thumbnail"]["url"] == "attachment://none.png"
    assert (await client.fetch("GET", told["image"]["url"])).body == b"rose.png"
    assert (await client.fetch("GET", told["author"]["icon_url"])).body == b"a b.png"
    place = f"{path}/{shown['id']}"
    changed = (await client.bot("PATCH", place, {"embeds": [{"image": {"url": "attachment://a_b.png"}}]})).body
    assert (await client.fetch("GET", changed["embeds"][0]["image"]["url"])).body == b"a b.png"
    assert general.messages[0].embeds[0]["image"]["url"] == "attachment://a_b.png"


async def test_a_file_in_an_embed_is_not_told_beside_it(
    playground: Playground, client: Client, general: Channel
) -> None:
    def names(reply: Reply) -> list[str]:
        return [each["filename"] for each in reply.body["attachments"]]

    playground.limits.set_rate("message.edit", None)
    path, embed = f"/channels/{general.id}/messages", {"image": {"url": "attachment://a.png"}}
    told = await sent(playground, client, path, {"embeds": [embed]}, "a.png", "b.png")
    place = f"{path}/{told.body['id']}"
    assert names(told) == names(await client.bot("GET", place)) == ["b.png"]
    assert names(await client.bot("PATCH", place, {"attachments": told.body["attachments"]})) == ["b.png"]
    assert len(general.messages[0].attachments) == 2
    cleared = await client.bot("PATCH", place, {"attachments": []})
    assert names(cleared) == []
    assert (await client.fetch("GET", cleared.body["embeds"][0]["image"]["url"])).body == b"a.png"
    assert names(await client.bot("PATCH", place, {"flags": 1 << 2})) == ["a.png"]
    await client.bot("PATCH", place, {"flags": 0})
    body = {"embeds": [embed], "attachments": [{"id": 0, "filename": "a.png"}]}
    await sent(playground, client, place, body, "c.png", method="PATCH")
    [kept] = general.messages[0].attachments
    assert (kept.filename, kept.content) == ("a.png", b"c.png")
    assert names(await client.bot("PATCH", place, {"content": "a", "embeds": []})) == ["a.png"]
    assert names(await client.bot("PATCH", place, {"attachments": []})) == []
    assert not general.messages[0].attachments


async def test_files_are_named_as_they_were_sent(playground: Playground, client: Client, general: Channel) -> None:
    """Their names are made safe on both sides."""
    embeds = [{"image": {"url": "attachment://한글.png"}}, {"thumbnail": {"url": "ATTACHMENT://a b(1).png"}}]
    path = f"/channels/{general.id}/messages"
    shown = (await sent(playground, client, path, {"embeds": embeds}, "한글.png", "a b(1).png")).body
    first, second = shown["embeds"]
    assert (await client.fetch("GET", first["image"]["url"])).body == "한글.png".encode()
    assert (await client.fetch("GET", second["thumbnail"]["url"])).body == b"a b(1).png"


GALLERY = {"type": 12, "items": [{"media": {"url": "attachment://a.png"}}, {"media": {"url": "https://b.example/b"}}]}
PICTURED = {
    "type": 9,
    "components": [{"type": 10, "content": "a"}],
    "accessory": {"type": 11, "media": {"url": "attachment://a.png"}},
}
FILE = {"type": 13, "file": {"url": "attachment://b.txt"}}


def v2(*parts: Json) -> Json:
    return {"flags": COMPONENTS_V2, "components": list(parts)}


async def test_components_show_the_files_of_their_message(
    playground: Playground, client: Client, general: Channel
) -> None:
    path, inner = f"/channels/{general.id}/messages", {"type": 17, "components": [GALLERY, PICTURED, FILE]}
    body = v2(inner, {"type": 14})
    [container, separator] = (await sent(playground, client, path, body, "a.png", "b.txt")).body["components"]
    gallery, section, file = container["components"]
    ours, theirs = (item["media"] for item in gallery["items"])
    shown = (await client.bot("GET", f"{path}/{general.messages[0].id}")).body["attachments"]
    assert [ours["attachment_id"], file["file"]["attachment_id"]] == [each["id"] for each in shown]
    assert ours.items() <= section["accessory"]["media"].items() and ours["content_type"] == "image/png"
    assert theirs["url"] == theirs["proxy_url"] == "https://b.example/b"
    assert (await client.fetch("GET", ours["url"])).body == b"a.png"
    assert (file["name"], file["size"], file["spoiler"]) == ("b.txt", 5, False)
    assert (await client.fetch("GET", file["file"]["url"])).body == b"b.txt"
    assert (separator["divider"], separator["spacing"]) == (True, 1)


@pytest.mark.parametrize(
    ("part", "at"),
    [
        (GALLERY, "items.0.media.url"),
        (PICTURED, "accessory.media.url"),
        ({**FILE, "file": {"url": "attachment://a.txt"}}, "file.url"),
    ],
)
async def test_components_show_no_file_that_did_not_come(
    playground: Playground, client: Client, general: Channel, part: Json, at: str
) -> None:
    path, missing = f"/channels/{general.id}/messages", "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND"
    refused = await sent(playground, client, path, v2(part), "b.txt")
    assert problems(refused.body["errors"]) == {f"components.0.{at}": missing}
    assert not general.messages


async def test_links_lead_where_the_bot_found_the_server(
    playground: Playground, client: Client, general: Channel, ada: Person
) -> None:
    heard = Outbox()
    playground.sessions.begin((0, 1), (1 << 26) - 1, heard, "")
    said = await ada.say(general, "", files=[("a.txt", b"a")])
    place = f"/channels/{general.id}/messages"
    header = {"Authorization": f"Bot {playground.token}", "Host": "playground.example:8080"}
    shown = await client.fetch("GET", f"{playground.api_url}{place}/{said.id}", headers=header)
    link = shown.body["attachments"][0]["url"]
    assert link.startswith("http://playground.example:8080/attachments/")
    path = link.removeprefix("http://playground.example:8080")
    assert (await client.fetch("GET", playground.url + path)).body == b"a"
    await ada.say(general, "", files=[("b.txt", b"b")], reply_to=said)
    told = [json.loads(str(heard.get_nowait())) for _ in range(heard.qsize())]
    new = [event["d"] for event in told if event["t"] == "MESSAGE_CREATE"][-1]
    for message in (new, new["referenced_message"]):
        assert message["attachments"][0]["url"].startswith("http://playground.example:8080/")
    theirs = (await client.people("GET", f"{place}?user_id={ada.id}")).body["messages"][-1]
    for message in (theirs, theirs["referenced_message"]):
        assert message["attachments"][0]["url"].startswith(f"{playground.url}/attachments/")


async def test_a_stranger_does_not_move_the_links(
    playground: Playground, client: Client, general: Channel, ada: Person
) -> None:
    said = await ada.say(general, "", files=[("a.txt", b"a")])
    place = f"/channels/{general.id}/messages/{said.id}"
    stranger = {"Authorization": "Bot nobody", "Host": "evil.example"}
    assert (await client.fetch("GET", f"{playground.api_url}{place}", headers=stranger)).status == 401
    assert playground.world.bot_url is None
    assert (await client.bot("GET", place)).body["attachments"][0]["url"].startswith(playground.url)
