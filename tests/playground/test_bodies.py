"""How the playground refuses a body: everything that is wrong at once, under the names Discord has for it."""

from __future__ import annotations

import io
from typing import Any

import aiohttp
import pytest

from playground.entities import Channel
from playground.people import Person
from playground.server import MAX_REQUEST_BYTES, Playground
from tests.playground.client import Client, Reply

JSON, FORM = "application/json", "multipart/form-data; boundary=line"


def problems(tree: Any, path: str = "") -> dict[str, str]:
    """Discord's name for what is wrong, by dotted path."""
    if "_errors" in tree:
        return {path: tree["_errors"][0]["code"]}
    inner = [problems(node, f"{path}.{step}" if path else step) for step, node in tree.items()]
    return {at: code for found in inner for at, code in found.items()}


async def posted(client: Client, playground: Playground, channel: Channel, body: Any, type: str) -> Reply:
    headers = {"Authorization": f"Bot {playground.token}", "Content-Type": type}
    url = f"{playground.api_url}/channels/{channel.id}/messages"
    return await client.fetch("POST", url, data=body, headers=headers)


def embed(**values: Any) -> dict[str, Any]:
    return {"embeds": [values]}


def row(**button: Any) -> dict[str, Any]:
    return {"components": [{"type": 1, "components": [{"type": 2, **button}]}]}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"content": ["a"]}, {"content": "STRING_TYPE_CONVERT"}),
        ({"content": "a" * 2001, "tts": "yes"}, {"content": "BASE_TYPE_MAX_LENGTH", "tts": "BOOLEAN_TYPE_CONVERT"}),
        ({"flags": 1.5}, {"flags": "NUMBER_TYPE_COERCE"}),
        ({"flags": -1}, {"flags": "NUMBER_TYPE_MIN"}),
        ({"nonce": 2**63}, {"nonce": "STRING_TYPE_CONVERT"}),
        ({"embeds": {}}, {"embeds": "LIST_TYPE_CONVERT"}),
        ({"embeds": [[]]}, {"embeds.0": "DICT_TYPE_CONVERT"}),
        ({"embeds": [{}] * 11}, {"embeds": "BASE_TYPE_MAX_LENGTH"}),
        (embed(color=0x1000000), {"embeds.0.color": "NUMBER_TYPE_MAX"}),
        (embed(url="nowhere"), {"embeds.0.url": "URL_TYPE_INVALID_SCHEME"}),
        (embed(timestamp="today"), {"embeds.0.timestamp": "DATE_TIME_TYPE_PARSE"}),
        (embed(fields=[{"name": "a"}]), {"embeds.0.fields.0.value": "BASE_TYPE_REQUIRED"}),
        (row(style=1), {"components.0.components.0.custom_id": "BASE_TYPE_REQUIRED"}),
        (row(style=5, url=None), {"components.0.components.0.url": "BASE_TYPE_REQUIRED"}),
        (row(style=9), {"components.0.components.0.style": "BASE_TYPE_CHOICES"}),
        ({"components": [{"type": 99}]}, {"components.0.type": "BASE_TYPE_CHOICES"}),
        ({"allowed_mentions": {"users": ["x"]}}, {"allowed_mentions.users.0": "NUMBER_TYPE_COERCE"}),
        ({"allowed_mentions": {"users": ["1", 1]}}, {"allowed_mentions.users.1": "SET_TYPE_ALREADY_CONTAINS_VALUE"}),
        ({"allowed_mentions": {"parse": ["all"]}}, {"allowed_mentions.parse.0": "BASE_TYPE_CHOICES"}),
        ({"message_reference": {"message_id": str(2**63)}}, {"message_reference.message_id": "NUMBER_TYPE_COERCE"}),
        ({"attachments": [{"id": True}]}, {"attachments.0.id": "NUMBER_TYPE_COERCE"}),
        ([], {"": "DICT_TYPE_CONVERT"}),
    ],
)
async def test_what_is_wrong_is_named_where_it_is(
    client: Client, general: Channel, body: Any, told: dict[str, str]
) -> None:
    reply = await client.bot("POST", f"/channels/{general.id}/messages", body)
    assert (reply.status, reply.code) == (400, 50035)
    assert problems(reply.body["errors"]) == told
    assert not general.messages


@pytest.mark.parametrize(
    ("body", "type", "code", "told"),
    [
        (b"", JSON, 50109, None),
        (b"{", JSON, 50109, None),
        (b"\xff\xfe", JSON, 50109, None),
        (b"[" * 100_000, JSON, 50109, None),
        (b'{"content": "a", "flags": NaN}', JSON, 50109, None),
        (b'{"content": "\\ud83d"}', JSON, 50109, None),
        ('{"content": "\\ud800x"}'.encode("utf-16"), JSON, 50109, None),
        ('{"content": "a"}'.encode("utf-32"), JSON, 50109, None),
        (b'{"content": "\xed\xa0\x80"}', JSON, 50109, None),
        (b'{"content": "a"}', "text/plain", 50035, "CONTENT_TYPE_INVALID"),
        (b"--line--", "multipart/form-data", 50035, "MULTIPART_INVALID"),
        (b"", FORM, 50035, "MULTIPART_INVALID"),
        (b"--line\r\n\r\n{}\r\n--line--", FORM, 50035, "MULTIPART_INVALID"),
        (b'--line\r\nContent-Disposition: form-data; name="payload_json"\r\n\r\n{\r\n--line--', FORM, 50109, None),
    ],
)
async def test_what_is_no_body_at_all(
    client: Client, playground: Playground, general: Channel, body: bytes, type: str, code: int, told: str | None
) -> None:
    reply = await posted(client, playground, general, body, type)
    assert (reply.status, reply.code) == (400, code)
    assert told is None or problems(reply.body["errors"]) == {"": told}


async def test_a_whole_pair_of_surrogates_is_text(client: Client, playground: Playground, general: Channel) -> None:
    reply = await posted(client, playground, general, b'{"content": "\\ud83c\\udf89"}', JSON)
    assert reply.body["content"] == "🎉"


GALLERY, FILE = "components.0.items.0.media.url", "components.0.file.url"


def addressed(place: str, url: str) -> dict[str, Any]:
    """A message with this address there."""
    bodies: dict[str, dict[str, Any]] = {
        "embeds.0.url": embed(title="a", url=url),
        "embeds.0.author.url": embed(author={"name": "a", "url": url}),
        "embeds.0.image.url": embed(image={"url": url}),
        "embeds.0.footer.icon_url": embed(footer={"text": "a", "icon_url": url}),
        "components.0.components.0.url": row(style=5, label="a", url=url),
        GALLERY: {"flags": 1 << 15, "components": [{"type": 12, "items": [{"media": {"url": url}}]}]},
        FILE: {"flags": 1 << 15, "components": [{"type": 13, "file": {"url": url}}]},
    }
    return bodies[place]


LINKS = ("embeds.0.url", "embeds.0.author.url", "components.0.components.0.url")
PICTURES = ("embeds.0.image.url", "embeds.0.footer.icon_url")


@pytest.mark.parametrize("place", [*LINKS, *PICTURES, GALLERY])
async def test_addresses_in_any_script_are_links(
    client: Client, playground: Playground, general: Channel, place: str
) -> None:
    playground.limits.set_rate("message.create", None)
    for url in (
        "https://ko.wikipedia.org/wiki/한국어",
        "https://한국.example/",
        "HTTPS://a.example",
        "http://a.example:8080/{a}|b?c=[d]#e",
        "http://[::1]/%EA%B0%80",
        "http://localhost",
    ):
        sent = await client.bot("POST", f"/channels/{general.id}/messages", addressed(place, url))
        assert sent.status == 200, (url, sent.body)


@pytest.mark.parametrize(
    ("places", "url", "told"),
    [
        ((*LINKS, *PICTURES, GALLERY), "https://", "URL_TYPE_INVALID_URL"),
        ((*LINKS, *PICTURES, GALLERY), "https://a.example/a b", "URL_TYPE_INVALID_URL"),
        ((*LINKS, *PICTURES, GALLERY), "https://a.example/\n", "URL_TYPE_INVALID_URL"),
        ((*LINKS, *PICTURES, GALLERY), "https://a.example:99999/", "URL_TYPE_INVALID_URL"),
        ((*LINKS, *PICTURES, GALLERY), "https://[a/", "URL_TYPE_INVALID_URL"),
        ((*LINKS, *PICTURES, GALLERY), "ftp://a.example", "URL_TYPE_INVALID_SCHEME"),
        ((*LINKS, *PICTURES, GALLERY), "", "URL_TYPE_INVALID_SCHEME"),
        ((*PICTURES, GALLERY, FILE), "attachment://", "URL_TYPE_INVALID_URL"),
        (LINKS, "attachment://a.png", "URL_TYPE_INVALID_SCHEME"),
        ((FILE,), "https://a.example/a.txt", "URL_TYPE_INVALID_SCHEME"),
        (("embeds.0.url", *PICTURES, GALLERY), "discord://-/users/1", "URL_TYPE_INVALID_SCHEME"),
    ],
)
async def test_addresses_that_lead_nowhere_there(
    client: Client, playground: Playground, general: Channel, places: tuple[str, ...], url: str, told: str
) -> None:
    playground.limits.set_rate("message.create", None)
    for place in places:
        refused = await client.bot("POST", f"/channels/{general.id}/messages", addressed(place, url))
        assert refused.status == 400 and problems(refused.body["errors"]) == {place: told}, place


async def test_a_button_leads_into_discord_and_has_a_shorter_address(client: Client, general: Channel) -> None:
    place, path = "components.0.components.0.url", f"/channels/{general.id}/messages"
    longest = "https://a.example/".ljust(512, "a")
    for url in ("discord://-/users/1", longest):
        assert (await client.bot("POST", path, {"content": "a", **addressed(place, url)})).status == 200
    refused = await client.bot("POST", path, {"content": "a", **addressed(place, f"{longest}a")})
    assert problems(refused.body["errors"]) == {place: "BASE_TYPE_MAX_LENGTH"}
    assert (await client.bot("POST", path, addressed("embeds.0.url", f"{longest}a"))).status == 200


async def test_files_keep_every_byte(client: Client, playground: Playground, general: Channel) -> None:
    content = b"\r\n--lin\r\n\x00\xff--line\n\r\n"
    head = b'--line\r\nContent-Disposition: form-data; name="files[0]"; filename="a.bin"\r\n\r\n'
    reply = await posted(client, playground, general, head + content + b"\r\n--line--\r\n", FORM)
    attachment = reply.body["attachments"][0]
    assert (attachment["filename"], attachment["size"]) == ("a.bin", len(content))
    assert general.messages[0].attachments[0].content == content


POLL = {"question": {"text": "Red?"}, "answers": [{"poll_media": {"text": "Yes"}}]}


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({"poll": POLL}, "poll"),
        ({"sticker_ids": ["7"]}, "sticker_ids"),
        ({"message_reference": {"type": 1, "channel_id": "7", "message_id": "8"}}, "message_reference.type"),
    ],
)
async def test_what_is_not_served_is_not_refused(client: Client, general: Channel, body: Any, at: str) -> None:
    reply = await client.bot("POST", f"/channels/{general.id}/messages", body)
    assert (reply.status, reply.code) == (501, 0) and reply.body["message"] == f"{at} is not served by the playground"
    assert not general.messages


async def test_what_asks_for_nothing_is_served(client: Client, general: Channel) -> None:
    said = (await client.bot("POST", f"/channels/{general.id}/messages", {"content": "a"})).body["id"]
    nothing: Any = {
        "content": "b",
        "poll": None,
        "sticker_ids": [],
        "message_reference": {"type": 0, "message_id": said},
    }
    reply = await client.bot("POST", f"/channels/{general.id}/messages", nothing)
    assert reply.status == 200 and reply.body["message_reference"]["message_id"] == said
    wrong: Any = {
        "content": "c",
        "poll": "p",
        "sticker_ids": ["x"],
        "message_reference": {"type": 2, "message_id": said},
    }
    refused = await client.bot("POST", f"/channels/{general.id}/messages", wrong)
    assert problems(refused.body["errors"]).keys() == {"poll", "sticker_ids.0", "message_reference.type"}


async def test_plain_fields_and_files_as_curl_sends_them(
    client: Client, playground: Playground, general: Channel
) -> None:
    def form(**fields: str) -> aiohttp.FormData:
        sent = aiohttp.FormData(fields)
        sent.add_field("file", b"a", filename="a.txt")
        sent.add_field("files[0]", b"b", filename="b.txt")
        return sent

    headers = {"Authorization": f"Bot {playground.token}"}
    url = f"{playground.api_url}/channels/{general.id}/messages"
    plain = form(content="안녕", tts="true", nonce="7", other="x")
    sent = (await client.fetch("POST", url, data=plain, headers=headers)).body
    assert (sent["content"], sent["tts"], sent["nonce"]) == ("안녕", True, "7")
    assert [each["filename"] for each in sent["attachments"]] == ["b.txt", "a.txt"]
    whole = form(content="passed over", payload_json='{"content": "a"}')
    assert (await client.fetch("POST", url, data=whole, headers=headers)).body["content"] == "a"
    nameless = b'--line\r\nContent-Disposition: form-data; name="files[0]"\r\n\r\n\xff\r\n--line--'
    assert (await posted(client, playground, general, nameless, FORM)).body["attachments"][0]["size"] == 1
    raw = b'--line\r\nContent-Disposition: form-data; name="content"\r\n\r\n\xff\r\n--line--'
    refused = await posted(client, playground, general, raw, FORM)
    assert problems(refused.body["errors"]) == {"": "MULTIPART_INVALID"}


async def test_unknown_keys_are_dropped_and_known_ones_completed(client: Client, general: Channel) -> None:
    body = {"content": "a", "surprise": 1, **embed(title="t", mood="good", fields=[{"name": "a", "value": "b"}])}
    shown = (await client.bot("POST", f"/channels/{general.id}/messages", body)).body
    assert "surprise" not in shown
    assert shown["embeds"] == [{"type": "rich", "title": "t", "fields": [{"name": "a", "value": "b", "inline": False}]}]


async def test_a_body_that_is_too_large(client: Client, playground: Playground, general: Channel) -> None:
    reply = await posted(client, playground, general, io.BytesIO(bytes(MAX_REQUEST_BYTES + 1)), JSON)
    assert (reply.status, reply.code) == (413, 40005)


@pytest.mark.parametrize(
    ("definition", "told"),
    [
        ({}, {"name": "BASE_TYPE_REQUIRED"}),
        ({"name": "a", "description": "b", "type": 9}, {"type": "BASE_TYPE_CHOICES"}),
        (
            {"name": "A b", "description": ""},
            {"name": "APPLICATION_COMMAND_INVALID_NAME", "description": "BASE_TYPE_BAD_LENGTH"},
        ),
        (
            {
                "name": "a",
                "description": "b",
                "options": [{"type": 4, "name": "n", "choices": [{"name": "c", "value": "d"}]}],
            },
            {"options.0.choices.0.value": "NUMBER_TYPE_COERCE"},
        ),
        (
            {"name": "a", "description": "b", "name_localizations": {"tlh": "nuqneH"}},
            {"name_localizations": "BASE_TYPE_CHOICES"},
        ),
        (
            {
                "name": "a",
                "description": "b",
                "options": [{"type": type, "name": "n" * type, "description": "o"} for type in (1, 3)],
            },
            {"options": "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID"},
        ),
    ],
)
async def test_what_no_command_is(
    client: Client, playground: Playground, definition: dict[str, Any], told: dict[str, str]
) -> None:
    reply = await client.bot("POST", f"/applications/{playground.bot_user_id}/commands", definition)
    assert (reply.status, reply.code) == (400, 50035)
    assert problems(reply.body["errors"]) == told


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/people", {"name": "Bo", "guild_ids": ["1"]}, 404),
        ("POST", "/people", {"name": "Bo", "locale": "tlh"}, 400),
        ("POST", "/people", {"name": ["Bo"]}, 400),
        ("POST", "/guilds", [], 400),
        ("POST", "/faults", [], 400),
        ("PUT", "/limits/message.create", {"calls": 0, "seconds": 1}, 400),
        ("POST", "/gateway", {"action": "explode"}, 400),
        ("GET", "/commands", None, 400),
        ("GET", "/events", None, 400),
        ("GET", "/nothing", None, 404),
    ],
)
async def test_what_people_cannot_ask(client: Client, method: str, path: str, body: Any, status: int) -> None:
    reply = await client.people(method, path, body)
    assert reply.status == status and isinstance(reply.body["message"], str)


async def test_what_is_no_emoji(client: Client, playground: Playground, general: Channel, ada: Person) -> None:
    playground.limits.set_rate("reaction", None)
    said = await ada.say(general, "hello")
    place = f"/channels/{general.id}/messages/{said.id}/reactions"
    for emoji in ("a", "1", "%EC%95%88", "%D9%A1", ":1", "a:01", "%00", "party:123"):
        assert (await client.bot("PUT", f"{place}/{emoji}/@me")).code == 10014, emoji
    for emoji in ("🎉", "1️⃣", "❤️", "👩‍💻", "🇰🇷"):
        assert (await client.bot("PUT", f"{place}/{emoji}/@me")).status == 204, emoji
