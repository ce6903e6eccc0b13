"""A break in either direction is found and told so that one sees where: real traffic, broken in one place."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from playground.entities import Channel
from playground.gateway.outbox import Outbox
from playground.limits import Rate
from playground.posting import Draft
from playground.server import Playground
from tests.contract import dispatches, unwritten
from tests.contract.document import Contract
from tests.contract.exchange import Exchange, Tape
from tests.contract.inspector import Inspector

Change = Callable[[Any], object]
COMMAND = {"name": "ask", "description": "Asks", "options": [{"type": 3, "name": "what", "description": "What"}]}
LATER = "2026-01-01T00:00:00"
NO_DOCUMENT = "DISCORD_OPENAPI names no file: bodies were not held against Discord's own description of its API"


@dataclass(frozen=True)
class Traffic:
    exchanges: dict[str, Exchange]
    told: dict[str, Any]
    """What the gateway told last, by the event's name."""


@pytest.fixture(scope="module")
def traffic(inspector: Inspector) -> Traffic:
    recorded = asyncio.run(_recorded())
    # The first test says what is wrong with it, and so that it is one thing on purpose.
    inspector.breaches()
    return recorded


async def _recorded() -> Traffic:
    tape, outbox = Tape(), Outbox()
    async with Playground(mounts=[tape.watch], rates={"typing": Rate(1, 60)}) as playground:
        playground.sessions.begin((0, 1), (1 << 32) - 1, outbox, "ws://127.0.0.1/gateway")
        general = playground.add_channel(playground.add_guild(), "general")
        await _talk(playground, general)
    names = ("message", "file", "page", "commands", "typed", "limited", "refused", "unknown", "callback", "form")
    sent = [outbox.get_nowait() for _ in range(outbox.qsize())]
    told = [json.loads(item) for item in sent if isinstance(item, str)]
    return Traffic(dict(zip(names, tape.taken(), strict=True)), {each["t"]: each["d"] for each in told})


async def _talk(playground: Playground, general: Channel) -> None:
    """As a bot would, one exchange for each name."""
    ada = playground.add_person("Ada")
    assert general.guild is not None
    playground.join(ada, general.guild)
    headers = {"User-Agent": "DiscordBot (https://example.org, 1.0)", "Authorization": f"Bot {playground.token}"}
    messages = f"/api/v10/channels/{general.id}/messages"
    embed = {"title": "Title", "fields": [{"name": "a", "value": "b"}]}
    allowed = {"parse": ["users"], "roles": []}
    async with aiohttp.ClientSession(playground.url, headers=headers) as bot:
        await bot.post(messages, json={"content": "hi", "nonce": "1", "embeds": [embed], "allowed_mentions": allowed})
        form = aiohttp.FormData({"payload_json": json.dumps({"attachments": [{"id": 0, "filename": "a.txt"}]})})
        form.add_field("files[0]", b"a", filename="a.txt")
        await bot.post(messages, data=form)
        await bot.get(messages, params={"limit": "2"})
        await bot.put(f"/api/v10/applications/{playground.bot_user_id}/commands", json=[COMMAND])
        for _ in range(2):
            await bot.post(f"/api/v10/channels/{general.id}/typing")
        await bot.post(messages, json={"content": "a" * 2001})
        await bot.get("/api/v10/channels/1")
        said = await ada.say(general, "hello")
        await ada.react(said, "🎉")
        await ada.type(general)
        asked = (await ada.command(general, "ask")).interaction
        place = f"/api/v10/interactions/{asked.id}/{asked.token}/callback"
        await bot.post(place, params={"with_response": "true"}, json={"type": 4, "data": {"content": "yes"}})
        opened = (await ada.command(general, "ask")).interaction
        modal = {"custom_id": "c", "title": "t", "components": [{"type": 10, "content": "x"}]}
        await bot.post(f"/api/v10/interactions/{opened.id}/{opened.token}/callback", json={"type": 9, "data": modal})
    playground.interactions.follow_up(asked, Draft(content="more"))


def says(change: Change) -> Callable[[Exchange], Exchange]:
    """The request's body, changed."""

    def broken(exchange: Exchange) -> Exchange:
        body = json.loads(exchange.sent)
        change(body)
        return replace(exchange, sent=json.dumps(body).encode())

    return broken


def gets(change: Change) -> Callable[[Exchange], Exchange]:
    """The answer's body, changed."""

    def broken(exchange: Exchange) -> Exchange:
        body = json.loads(exchange.received)
        change(body)
        return replace(exchange, received=json.dumps(body).encode())

    return broken


def sends_header(name: str, value: str | None) -> Callable[[Exchange], Exchange]:
    return lambda exchange: replace(exchange, sent_headers=_with(exchange.sent_headers, name, value))


def gets_header(name: str, value: str | None) -> Callable[[Exchange], Exchange]:
    return lambda exchange: replace(exchange, headers=_with(exchange.headers, name, value))


def _with(headers: Any, name: str, value: str | None) -> dict[str, str]:
    kept = {key: text for key, text in headers.items() if key != name}
    return kept if value is None else {**kept, name: value}


def put(*path: Any) -> Change:
    """The last step's value at the steps before; `...` leaves the key out."""
    *outer, last, value = path

    def change(body: Any) -> None:
        for step in outer:
            body = body[step]
        if value is ...:
            del body[last]
        else:
            body[last] = value

    return change


WRITTEN = [
    # A request, by Discord's document.
    ("message", says(put("content", ["hi"])), "request: $.content:"),
    ("message", says(put("content", "a" * 4001)), "request: $.content: it is longer than 4000"),
    ("message", says(put("nonce", "n" * 26)), "request: $.nonce: it is longer than 25"),
    ("message", says(put("tts", "yes")), "request: $.tts:"),
    ("message", says(put("surprise", 1)), "request: $.surprise: is a key that Discord does not know"),
    ("message", says(put("embeds", 0, "surprise", 1)), "request: $.embeds[0].surprise: is a key"),
    (
        "message",
        says(put("embeds", 0, "fields", 0, "name", ...)),
        'request: $.embeds[0].fields[0]: "name" is a required',
    ),
    ("message", says(put("allowed_mentions", "parse", ["nobody"])), "request: $.allowed_mentions.parse[0]:"),
    ("message", lambda e: replace(e, path="/channels/general/messages"), "request: path channel_id: 'general'"),
    ("message", lambda e: replace(e, path="/channels/1/letters"), "path: is not in Discord's API"),
    ("message", lambda e: replace(e, sent=b""), "request: $: must not be empty"),
    ("message", sends_header("content-type", "text/plain"), "request: Content-Type: 'text/plain'"),
    ("page", lambda e: replace(e, query=(("limit", "101"),)), "request: query limit: '101' does not fit"),
    ("page", lambda e: replace(e, query=(("pages", "1"),)), "request: query pages: is no parameter"),
    ("commands", says(put(0, "options", 0, "type", "3")), "request: $[0].options[0].type:"),
    ("commands", says(put(0, "description", "d" * 101)), "request: $[0].description: it is longer than 100"),
    ("callback", says(put("type", 3)), "request: $.type:"),
    ("form", says(put("data", "title", "t" * 46)), "request: $.data.title: it is longer than 45"),
    # An answer, by Discord's document.
    ("message", gets(put("author", ...)), '200: $: "author" is a required property'),
    ("message", gets(put("author", "username", None)), "200: $.author.username:"),
    ("message", gets(put("id", 1)), "200: $.id:"),
    ("message", gets(put("content", ["hi"])), "200: $.content:"),
    ("message", gets(put("embeds", 0, "fields", 0, "inline", "no")), "200: $.embeds[0].fields[0].inline:"),
    ("message", gets(put("mood", "good")), "200: $.mood: is a key that Discord does not know"),
    ("message", lambda e: replace(e, received=b""), "200: $: must not be empty"),
    ("message", lambda e: replace(e, status=201), "201: status: is none of 200"),
    ("page", gets(put(0, "attachments", 0, "size", ...)), '200: $[0].attachments[0]: "size" is a required'),
    ("typed", lambda e: replace(e, received=b"{}"), "204: $: must be empty"),
    ("unknown", gets(put("code", "10003")), "404: $.code:"),
    ("unknown", gets(put("message", ...)), '404: $: "message" is a required'),
    ("refused", gets(put("errors", "content", {"code": 1})), "400: $.errors.content"),
    ("limited", gets(put("retry_after", ...)), '429: $: "retry_after" is a required'),
    ("callback", gets(put("resource", "message", "timestamp", "now")), "200: $.resource.message.timestamp:"),
]

UNWRITTEN = [
    ("message", says(put("content", "a" * 2001)), "(sent_content_is_short): $.content: 2001"),
    ("message", says(put("nonce", 10**26)), "(nonce_is_short): $.nonce"),
    (
        "message",
        says(put("allowed_mentions", "users", ["1"])),
        "(allowed_mentions_do_not_contradict): $.allowed_mentions",
    ),
    ("message", sends_header("authorization", None), "(authorization_is_of_a_bot): Authorization"),
    ("message", sends_header("authorization", "Bearer " + "t" * 30), "(authorization_is_of_a_bot): Authorization"),
    ("message", sends_header("user-agent", "python-requests/2"), "(user_agent_names_the_library): User-Agent"),
    ("message", sends_header("content-type", "text/plain"), "(sent_type_is_declared): Content-Type"),
    ("file", sends_header("content-type", "multipart/form-data"), "(sent_type_is_declared): Content-Type: must name"),
    (
        "file",
        lambda e: replace(e, sent=e.sent.replace(b"files[0]", b"files")),
        "(files_are_the_attachments): files: is no",
    ),
    (
        "file",
        lambda e: replace(e, sent=e.sent.replace(b'"id": 0', b'"id": 1')),
        "(files_are_the_attachments): $.attach",
    ),
    ("commands", says(put(0, "name", "Ask me")), "(commands_have_proper_names): $[0].name: 'Ask me'"),
    ("commands", says(put(0, "options", 0, "name", "What")), "(commands_have_proper_names): $[0].options[0].name"),
    ("callback", says(put("type", 5)), "(answers_carry_what_their_type_has): $.data.content"),
    ("form", says(put("data", "content", "hi")), "(answers_carry_what_their_type_has): $.data.content"),
    ("callback", lambda e: replace(e, query=()), "(callback_answers_only_when_asked): status"),
    ("message", gets(put("channel_id", 5)), "(ids_are_text): $.channel_id: 5"),
    ("message", gets(put("author", "id", "05")), "(ids_are_text): $.author.id: '05'"),
    ("message", gets(put("mention_roles", [7])), "(ids_are_text): $.mention_roles[0]: 7"),
    ("message", gets(put("timestamp", LATER)), "(times_have_an_offset): $.timestamp"),
    ("message", gets(put("content", "a" * 2001)), "(received_content_is_short): $.content"),
    ("message", gets(put("flags", float("nan"))), "(answers_are_unicode): $.flags: NaN"),
    ("message", gets_header("content-type", "application/json; charset=utf-8"), "(answer_type_is_bare_json): Content"),
    ("message", gets_header("x-ratelimit-bucket", None), "(limits_are_told): X-RateLimit-Bucket"),
    ("message", gets_header("x-ratelimit-remaining", "-1"), "(limits_are_told): X-RateLimit-Remaining"),
    ("limited", gets_header("via", None), "(refusals_say_when_to_come_back): Via"),
    ("limited", gets_header("retry-after", "1"), "(refusals_say_when_to_come_back): Retry-After"),
    ("limited", gets_header("x-ratelimit-scope", "all"), "(refusals_say_when_to_come_back): X-RateLimit-Scope"),
    ("limited", gets(put("global", True)), "(refusals_say_when_to_come_back): X-RateLimit-Global"),
    ("unknown", lambda e: replace(gets(put("code", 0))(e), status=400), "(errors_are_coded): $.code"),
    ("refused", gets(put("errors", ...)), "(errors_are_coded): $.errors"),
]

TOLD = [
    ("MESSAGE_CREATE", put("author", ...), "(keys_are_there): $.author"),
    ("MESSAGE_REACTION_ADD", put("type", ...), "(keys_are_there): $.type"),
    ("GUILD_CREATE", put("id", 5), "(ids_are_text): $.id: 5"),
    ("INTERACTION_CREATE", put("member", "user", "id", 5), "(ids_are_text): $.member.user.id: 5"),
    ("MESSAGE_CREATE", put("timestamp", LATER), "(times_have_an_offset): $.timestamp"),
    ("TYPING_START", put("timestamp", LATER), "(times_have_an_offset): $.timestamp"),
    ("MESSAGE_CREATE", put("member", {"roles": [{"id": "1"}]}), "(members_carry_role_ids): $.member.roles"),
    ("INTERACTION_CREATE", put("app_permissions", 8), "(permissions_are_text): $.app_permissions: 8"),
    ("INTERACTION_CREATE", put("guild_locale", ...), "(interactions_say_who_and_where): $.guild_locale"),
    ("INTERACTION_CREATE", put("data", "name", ...), "(interactions_say_who_and_where): $.data.name"),
]
"""Told by the gateway, found without Discord's document."""


def test_what_was_recorded_breaks_nothing(traffic: Traffic, inspector: Inspector) -> None:
    found = {name: inspector.of(exchange) for name, exchange in traffic.exchanges.items()}
    # The one request that is wrong, so that there is an answer which says so.
    refused = found.pop("refused")
    assert [breach.at for breach in refused] == ["$.content"]
    assert not any(found.values()), found
    assert not [breach for told in traffic.told.items() for breach in dispatches.breaches(inspector.contract, *told)]


@pytest.mark.parametrize(("name", "change", "told"), WRITTEN, ids=lambda part: part if isinstance(part, str) else "")
def test_a_break_of_the_document_is_found(
    name: str, change: Callable[[Exchange], Exchange], told: str, traffic: Traffic, inspector: Inspector
) -> None:
    if inspector.contract is None:
        pytest.skip(NO_DOCUMENT)
    found = [str(breach) for breach in inspector.contract.breaches(change(traffic.exchanges[name]))]
    assert any(told in each for each in found), found


@pytest.mark.parametrize(("name", "change", "told"), UNWRITTEN, ids=lambda part: part if isinstance(part, str) else "")
def test_a_break_of_an_unwritten_rule_is_found(
    name: str, change: Callable[[Exchange], Exchange], told: str, traffic: Traffic
) -> None:
    found = [str(breach) for breach in Inspector(None).of(change(traffic.exchanges[name]))]
    assert any(told in each for each in found), found


@pytest.mark.parametrize(("event", "change", "told"), TOLD, ids=lambda part: part if isinstance(part, str) else "")
def test_a_break_of_the_gateway_is_found(event: str, change: Change, told: str, traffic: Traffic) -> None:
    data = json.loads(json.dumps(traffic.told[event]))
    change(data)
    found = [str(breach) for breach in dispatches.breaches(None, event, data)]
    assert any(told in each for each in found), found


def test_entities_of_the_gateway_are_held_against_the_document(traffic: Traffic, inspector: Inspector) -> None:
    contract = inspector.contract
    if contract is None:
        pytest.skip(NO_DOCUMENT)
    for event, entities in dispatches.ENTITIES.items():
        for key in entities if event in traffic.told else ():
            data = json.loads(json.dumps(traffic.told[event]))
            entity = data.get(key) if key else data
            for each in entity if isinstance(entity, list) else [entity] if entity else []:
                each["surprise"] = 1
                assert _surprised(contract, event, data), (event, key)


def _surprised(contract: Contract, event: str, data: Any) -> bool:
    return any("surprise" in breach.at for breach in dispatches.breaches(contract, event, data))


def test_every_unwritten_rule_is_seen_to_fail() -> None:
    rules = {rule.__name__ for rule in (*unwritten.OF_A_REQUEST, *unwritten.OF_AN_ANSWER)}
    assert {told[1 : told.index(")")] for _, _, told in UNWRITTEN} == rules
    assert {told[1 : told.index(")")] for _, _, told in TOLD} == {rule.__name__ for rule in dispatches.RULES}


async def test_a_crash_of_the_playground_is_found_and_an_outage_on_purpose_is_none(inspector: Inspector) -> None:
    async def crash(request: web.Request) -> web.Response:
        if "outage" in request.query:
            return web.Response(status=502, text="<html>")
        raise RuntimeError("on purpose")

    tape, app = Tape(), web.Application()
    tape.watch(app)
    app.router.add_get("/api/v10/gateway", crash)
    async with TestServer(app) as server, aiohttp.ClientSession() as bot:
        assert (await bot.get(server.make_url("/api/v10/gateway"))).status == 500
        assert (await bot.get(server.make_url("/api/v10/gateway?outage=1"))).status == 502
    crashed, out = tape.taken()
    assert [str(breach) for breach in inspector.of(crashed)] == ["GET /gateway: status: the playground's code failed"]
    assert inspector.of(out) == []


@pytest.mark.parametrize("path", ["/channels/1", "/api/v9/gateway", "/api/v100/gateway", "/api/v10", "/api", "/page"])
async def test_a_path_of_nothing_is_found(path: str, inspector: Inspector) -> None:
    tape = Tape()
    async with Playground(mounts=[tape.watch]) as playground, aiohttp.ClientSession() as bot:
        assert (await bot.get(f"{playground.url}{path}")).status in (404, 405)
    inspector.breaches()
    (stray,) = tape.taken()
    assert [breach.at for breach in Inspector(None).of(stray)] == ["path"]


async def test_what_a_playground_serves_beside_the_api_is_not_looked_at() -> None:
    tape = Tape()
    async with Playground(mounts=[tape.watch]) as playground, aiohttp.ClientSession() as bot:
        for path in ("/", "/page/app.js", "/attachments/1/2/a.txt", "/playground/api/state", "/gateway", "/gateway/"):
            await bot.get(f"{playground.url}{path}")
    assert not tape.taken()


def test_a_request_that_is_wrong_on_purpose_must_be_refused(traffic: Traffic, inspector: Inspector) -> None:
    careless = sends_header("x-careless", "yes")(says(put("content", "a" * 2001))(traffic.exchanges["message"]))
    assert [breach.at for breach in inspector.of(careless)] == ["$.content"]
    refused = replace(careless, status=400, received=traffic.exchanges["refused"].received)
    assert not inspector.of(refused)
