"""discord.py against a server on this machine that has Discord's rate limit headers and counts strictly."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import MagicMock

import discord
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from discord.ext import commands

from bot.clock import SystemClock
from bot.delivery.answer import InteractionKey
from bot.delivery.budget import RateLimit
from bot.delivery.calls import ANSWER_SECONDS, Calls, trace_config, translated
from bot.delivery.scheduler import Scheduler
from bot.delivery.target import ChannelTarget, InteractionTarget
from bot.errors import ChannelGone, DeliveryError, DiscordRefused, MessageGone, NotAllowed
from tests.delivery.discord_double import Bucket

CHANNEL = 4242
APPLICATION = 77
JUST_NOW = discord.utils.time_snowflake(discord.utils.utcnow())
USER = {"id": "1", "username": "causerie", "discriminator": "0", "avatar": None, "bot": True}


@dataclass
class Server:
    """`faults` are answered in place of the next calls."""

    period: float = 60.0
    buckets: dict[str, Bucket] = field(default_factory=dict)
    requests: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    faults: list[tuple[int, object]] = field(default_factory=list)
    told: dict[str, str] = field(default_factory=dict)
    """Headers of every answer, in place of its own."""
    refused: int = 0
    flags: int = 0
    files: list[tuple[str, str]] = field(default_factory=list)
    received: asyncio.Event = field(default_factory=asyncio.Event)
    silent: int = 0
    """How many of the next calls are not answered before `released`."""
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/api/users/@me", self._user)
        app.router.add_get("/api/oauth2/applications/@me", self._application)
        app.router.add_route("*", "/api/{path:.*}", self._call)
        return app

    async def _user(self, request: web.Request) -> web.Response:
        return reply(200, USER)

    async def _application(self, request: web.Request) -> web.Response:
        named = {
            "id": str(APPLICATION),
            "name": "causerie",
            "description": "",
            "icon": None,
            "summary": "",
            "verify_key": "",
        }
        return reply(200, {**named, "flags": 0, "bot_public": True, "bot_require_code_grant": False, "owner": USER})

    async def _call(self, request: web.Request) -> web.Response:
        body = await self._read(request)
        self.received.set()
        self.requests.append((request.method, request.path, body))
        name = f"{request.method} {request.path.rsplit('/', 1)[0] if request.method != 'POST' else request.path}"
        bucket = self.buckets.setdefault(name, Bucket(period=self.period))
        now = time.monotonic()
        accepted = bucket.take(now)
        headers = {
            "X-RateLimit-Limit": str(bucket.limit),
            "X-RateLimit-Remaining": str(max(bucket.limit - bucket.used, 0)),
            "X-RateLimit-Reset-After": f"{bucket.reset - now:.3f}",
            "X-RateLimit-Bucket": f"{request.method}-bucket",
            "Via": "1.1 google",
            **self.told,
        }
        if not accepted:
            self.refused += 1
            return reply(429, {"message": "slow down", "retry_after": bucket.reset - now, "global": False}, headers)
        if self.silent:
            self.silent -= 1
            await self.released.wait()
        if self.faults:
            return reply(*self.faults.pop(0), headers)
        if request.method == "DELETE" or request.path.endswith("/typing"):
            return web.Response(status=204, headers=headers)
        return reply(200, self._message(request, body), headers)

    async def _read(self, request: web.Request) -> dict[str, Any]:
        if request.content_type != "multipart/form-data":
            return dict(await request.json()) if request.can_read_body else {}
        form = await request.post()
        self.files += [
            (part.filename, part.file.read().decode()) for part in form.values() if isinstance(part, web.FileField)
        ]
        return dict(json.loads(str(form["payload_json"])))

    def _message(self, request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
        last = request.path.rsplit("/", 1)[1]
        return {
            "id": last if last.isdigit() else str(JUST_NOW + len(self.requests)),
            "channel_id": str(CHANNEL),
            "author": USER,
            "content": body.get("content", ""),
            "timestamp": "2026-01-01T00:00:00+00:00",
            "edited_timestamp": None,
            "flags": self.flags,
            "type": 0,
            **{key: [] for key in ("mentions", "mention_roles", "attachments", "embeds", "components")},
            **dict.fromkeys(("tts", "mention_everyone", "pinned"), False),
        }


def reply(status: int, body: object, headers: dict[str, str] | None = None) -> web.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return web.Response(status=status, body=content, content_type="application/json", headers=headers)


@dataclass
class Bench:
    server: Server
    client: discord.Client
    calls: Calls
    scheduler: Scheduler
    learned: list[tuple[Any, Any, RateLimit]]
    taught: asyncio.Event

    def channel(self, reply_to: int | None = None) -> ChannelTarget:
        channel = self.client.get_partial_messageable(CHANNEL)
        return ChannelTarget(channel, reply_to=reply_to, trigger_id=9, calls=self.calls)

    def interaction(self) -> InteractionTarget:
        data: dict[str, Any] = {
            "id": "5",
            "application_id": str(APPLICATION),
            "type": 2,
            "token": "secret",
            "version": 1,
            "channel_id": str(CHANNEL),
            "channel": {"id": str(CHANNEL), "type": 1, "recipients": [USER]},
            "user": USER,
            "data": {"id": "6", "name": "ask", "type": 1},
            "authorizing_integration_owners": {},
            "entitlements": [],
            "attachment_size_limit": 10_485_760,
        }
        state = self.client._connection
        return InteractionTarget(discord.Interaction(data=data, state=state), calls=self.calls)  # type: ignore[arg-type]

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [body for _, _, body in self.server.requests]


@pytest.fixture
async def bench(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    """Its parameter: seconds until a call is given up."""
    server, scheduler, calls = Server(), Scheduler(SystemClock()), Calls()
    learned: list[tuple[Any, Any, RateLimit]] = []
    taught = asyncio.Event()

    def learn(key: Any, route: Any, told: RateLimit) -> None:
        learned.append((key, route, told))
        taught.set()
        scheduler.learn(key, route, told)

    async with TestServer(server.app()) as http:
        monkeypatch.setattr(discord.http.Route, "BASE", str(http.make_url("/api")))
        client = commands.Bot(
            "!",
            intents=discord.Intents.none(),
            allowed_mentions=discord.AllowedMentions.none(),
            http_trace=trace_config(learn, scheduler.leave, patience=getattr(request, "param", ANSWER_SECONDS)),
        )
        await client.login("token")
        yield Bench(server, client, calls, scheduler, learned, taught)
        await scheduler.close()
        await client.close()
        await calls.close()


async def took(call: Awaitable[object]) -> float:
    started = time.perf_counter()
    await call
    return time.perf_counter() - started


async def test_every_call_returns_when_the_server_has_answered(bench: Bench) -> None:
    target = bench.channel()
    assert max([await took(target.edit(1, f"text {number}")) for number in range(5)]) < bench.server.period / 2
    assert len(asyncio.all_tasks()) > 1, "discord.py should be asleep after the call that drained the bucket"
    assert [told.remaining for _, _, told in bench.learned] == [4, 3, 2, 1, 0]


async def test_discord_py_itself_would_wait(bench: Bench) -> None:
    message = bench.client.get_partial_messageable(CHANNEL).get_partial_message(1)
    for _ in range(4):
        await message.edit(content="text")
    fifth = asyncio.ensure_future(message.edit(content="text"))
    done, _ = await asyncio.wait([fifth], timeout=0.3)
    assert not done
    assert len(bench.server.requests) == 5
    fifth.cancel()


async def test_created_messages_have_their_ids(bench: Bench) -> None:
    target = bench.channel()
    made = [await target.create(position, "text") for position in range(5)]
    assert [each.message_id for each in made] == [JUST_NOW + n for n in range(1, 6)]


async def test_deleting_and_typing_return_without_a_body(bench: Bench) -> None:
    target = bench.channel()
    await target.typing()
    await target.delete(1)
    assert [(method, path) for method, path, _ in bench.server.requests] == [
        ("POST", f"/api/channels/{CHANNEL}/typing"),
        ("DELETE", f"/api/channels/{CHANNEL}/messages/1"),
    ]
    assert [(key, route) for key, route, _ in bench.learned] == [(CHANNEL, "typing"), (CHANNEL, "delete")]


async def test_messages_ping_nobody_and_unfurl_nothing(bench: Bench) -> None:
    target = bench.channel(reply_to=33)
    made = await target.create(0, "@everyone https://example.org")
    await target.create(1, "more")
    await target.edit(made.message_id, "@everyone")
    first, second, edit = bench.bodies
    assert [body["allowed_mentions"] for body in (first, second, edit)] == [{"parse": []}] * 3
    assert first["flags"] == second["flags"] == 4
    assert (first["nonce"], second["nonce"]) == ("9-0", "9-1")
    assert first["enforce_nonce"] is True
    assert (first["message_reference"]["message_id"], first["message_reference"]["fail_if_not_exists"]) == (33, False)
    assert "message_reference" not in second


async def test_links_are_previewed_where_that_is_wanted(bench: Bench) -> None:
    await bench.channel(reply_to=33).create(0, "https://example.org", previews=True)
    await bench.channel().create(1, "https://example.org", previews=True)
    assert [body.get("flags", 0) for body in bench.bodies] == [0, 0]


@pytest.mark.parametrize("interaction", [False, True])
async def test_a_file_goes_with_its_message(bench: Bench, interaction: bool) -> None:
    target = bench.interaction() if interaction else bench.channel()
    await target.create(1, "the rest", file="# Answer\n\n**가나다**")
    (body,) = bench.bodies
    assert (body["content"], body["flags"]) == ("the rest", 4)
    assert bench.server.files == [("answer.md", "# Answer\n\n**가나다**")]


REPLY_FAULTS: list[tuple[int, dict[str, Any]]] = [
    (400, {"code": 160002, "message": "Cannot reply without permission to read message history"}),
    (403, {"code": 160002, "message": "Cannot reply without permission to read message history"}),
    (404, {"code": 10008, "message": "Unknown Message"}),
    (
        400,
        {
            "code": 50035,
            "message": "Invalid Form Body",
            "errors": {
                "message_reference": {"_errors": [{"code": "REPLIES_UNKNOWN_MESSAGE", "message": "Unknown message"}]}
            },
        },
    ),
]


@pytest.mark.parametrize("fault", REPLY_FAULTS)
async def test_a_reply_that_is_refused_becomes_a_plain_message(bench: Bench, fault: tuple[int, dict[str, Any]]) -> None:
    bench.server.faults.append(fault)
    await bench.channel(reply_to=33).create(0, "text")
    assert ["message_reference" in body for body in bench.bodies] == [True, False]


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (404, 10008, MessageGone),
        (404, 10003, ChannelGone),
        (403, 50001, NotAllowed),
        (403, 50013, NotAllowed),
        (403, 0, NotAllowed),
        (400, 50035, DiscordRefused),
        (503, 0, DiscordRefused),
    ],
)
async def test_errors(bench: Bench, status: int, code: int, expected: type[DeliveryError]) -> None:
    bench.server.faults.append((status, {"code": code, "message": "no"}))
    with pytest.raises(expected):
        await bench.channel().edit(1, "text")


async def test_an_error_that_drains_the_bucket_is_known_at_once(bench: Bench) -> None:
    target = bench.channel()
    for _ in range(4):
        await target.edit(1, "text")
    bench.server.faults.append((404, {"code": 10008, "message": "Unknown Message"}))
    started = time.perf_counter()
    with pytest.raises(MessageGone):
        await target.edit(1, "text")
    assert time.perf_counter() - started < bench.server.period / 2


async def test_no_connection_is_a_refusal(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discord.http.Route, "BASE", "http://127.0.0.1:1/api")
    with pytest.raises(DiscordRefused) as raised:
        await bench.channel().edit(1, "text")
    assert raised.value.status == 0


@pytest.mark.parametrize("bench", [1.0], indirect=True)
async def test_a_call_that_is_never_answered_is_given_up(bench: Bench) -> None:
    bench.server.silent = 1
    with pytest.raises(DiscordRefused, match=r"no answer within 1 s") as raised:
        await bench.channel().edit(1, "text")
    assert raised.value.status == 0
    await bench.channel().edit(1, "text")
    bench.server.released.set()
    assert [body["content"] for body in bench.bodies] == ["text", "text"]


@pytest.mark.parametrize("bench", [1.0], indirect=True)
async def test_a_call_that_was_answered_is_not_given_up_while_discord_py_sleeps(bench: Bench) -> None:
    bench.server.period = 1.5
    target = bench.channel()
    for number in range(6):
        await target.edit(1, f"text {number}")
    assert len(bench.server.requests) == 6 and bench.server.refused == 0


async def test_a_429_is_learned(bench: Bench) -> None:
    bench.server.period = 0.2
    target = bench.channel()
    bench.server.faults.append((429, {"message": "slow", "retry_after": 0.05, "global": False}))
    await target.edit(1, "text")
    first, second = (told for _, _, told in bench.learned)
    assert first.retry_after == 0.05
    assert second.retry_after is None


async def test_an_interactions_promise_is_withdrawn_and_a_channel_has_none(bench: Bench) -> None:
    await bench.channel().withdraw()
    await bench.interaction().withdraw()
    path = f"/api/webhooks/{APPLICATION}/secret/messages/@original"
    assert [(method, path) for method, path, _ in bench.server.requests] == [("DELETE", path)]


async def test_an_interaction_is_answered_through_its_webhook(bench: Bench) -> None:
    bench.server.flags = 1 << 6
    target = bench.interaction()
    first = await target.create(0, "one")
    second = await target.create(1, "two")
    await target.edit(first.message_id, "one more")
    await target.edit(second.message_id, "two more")
    await target.delete(second.message_id)
    base = f"/api/webhooks/{APPLICATION}/secret"
    assert [(method, path) for method, path, _ in bench.server.requests] == [
        ("PATCH", f"{base}/messages/@original"),
        ("POST", base),
        ("PATCH", f"{base}/messages/@original"),
        ("PATCH", f"{base}/messages/{second.message_id}"),
        ("DELETE", f"{base}/messages/{second.message_id}"),
    ]
    assert bench.bodies[1]["flags"] & (1 << 6), "a follow-up is as private as the response"
    assert all(body["allowed_mentions"]["parse"] == [] for body in bench.bodies[:4])
    assert {key for key, _, _ in bench.learned} == {InteractionKey("secret")}
    assert "secret" not in repr(target.key)


async def test_a_whole_answer_through_the_wire(bench: Bench) -> None:
    """Windows of 0.3 s: fourteen edits pass several, some right after one ends, and none is refused."""
    bench.server.period = 0.3
    delivery = bench.scheduler.open(bench.channel())
    delivery.show("Hello there")
    for number in range(70):
        await asyncio.sleep(0.02)
        delivery.show(f"Hello there {'word ' * number}")
    await delivery.finish("Hello there. The end.")
    edits = [body["content"] for method, _, body in bench.server.requests if method == "PATCH"]
    assert bench.server.refused == 0
    assert len(edits) >= 10
    assert edits[-1] == "Hello there. The end."


async def test_a_window_begun_anew_is_not_slept_on(bench: Bench) -> None:
    """discord.py's sleeper of the last window must not hold the first call of the next one, nor the last slot."""
    bench.server.period = 2.0
    target = bench.channel()
    for _ in range(5):
        await target.edit(1, "text")
    (window,) = bench.server.buckets.values()
    await asyncio.sleep(window.reset + 0.07 - time.monotonic())
    assert max([await took(target.edit(1, "text")) for _ in range(5)]) < bench.server.period / 2
    assert bench.server.refused == 0


@pytest.mark.parametrize("wait", ["Sat, 21 Nov 2026 12:00:00 GMT", "", "soon", "nan", "-3"])
async def test_a_429_that_says_no_number_of_seconds_is_a_429(bench: Bench, wait: str) -> None:
    """As a proxy before Discord may: RFC 9110, section 10.2.3, allows a date."""
    bench.server.told = {"Retry-After": wait}
    bench.server.faults.append((429, "busy"))
    with pytest.raises(DiscordRefused) as refused:
        await bench.channel().edit(1, "text")
    assert refused.value.status == 429
    assert [told.retry_after for _, _, told in bench.learned] == [1.0]


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (429, b'"error code: 1015"', 429),
        (429, b'{"message": "slow down"}', 429),
        (503, b"", 503),
        (502, b"<html>", 502),
        (200, b"", 0),
        (200, b'{"id": "none"}', 0),
        (200, b"[]", 0),
    ],
)
@pytest.mark.parametrize("place", ["channel", "interaction"])
async def test_an_answer_that_is_not_discords_is_a_refusal(
    bench: Bench, place: str, status: int, body: bytes, expected: int
) -> None:
    """Proxies call JSON what is none; discord.py fails at it in its own ways."""
    bench.server.faults.extend([(status, body)] * 5)  # discord.py repeats some
    target = bench.interaction() if place == "interaction" else bench.channel()
    with pytest.raises(DiscordRefused) as refused:
        await target.edit(1, "text")
    assert refused.value.status == expected


async def test_calls_of_others_teach_too(bench: Bench) -> None:
    await bench.client.get_partial_messageable(CHANNEL).send("a notice")
    assert [(key, route, told.ours) for key, route, told in bench.learned] == [(CHANNEL, "create", False)]


async def test_a_cancelled_caller_leaves_the_request_under_way(bench: Bench) -> None:
    call = asyncio.ensure_future(bench.channel().edit(1, "text"))
    await bench.server.received.wait()
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    await bench.taught.wait()
    assert len(bench.server.requests) == 1


def test_a_missing_permission_to_reply_is_not_a_missing_permission_to_write() -> None:
    response = MagicMock(status=403, reason="Forbidden")
    assert isinstance(translated(discord.Forbidden(response, {"code": 160002, "message": ""})), DiscordRefused)
    assert isinstance(translated(discord.Forbidden(response, {"code": 50013, "message": ""})), NotAllowed)


async def test_a_notice_notifies_one_person_and_is_no_page(bench: Bench) -> None:
    channel = bench.client.get_partial_messageable(CHANNEL)
    newest = 2**64 - 1
    for mentioning in (31, None):
        target = ChannelTarget(channel, reply_to=None, trigger_id=newest, calls=bench.calls, mentioning=mentioning)
        await target.create(0, "<@31> Your answer is ready, @everyone")
    notice, page = (body for _, _, body in bench.server.requests)
    assert notice["allowed_mentions"] == {"users": [31], "parse": []}
    assert page["allowed_mentions"] == {"parse": []}
    assert notice["nonce"] != page["nonce"]
    assert max(len(body["nonce"]) for body in (notice, page)) <= 25  # Discord's documentation, Create Message
