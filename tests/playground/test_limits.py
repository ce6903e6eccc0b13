from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.clock import ManualClock
from playground import permissions
from playground.entities import Channel, Overwrite
from playground.limits import FEWEST_SWEPT, RATES, Call, Hidden, Limits, Rate, WrongRate
from playground.server import Playground
from tests.playground.client import Client, Reply

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "playground.md"
_IN_CHANNEL = Hidden(rate="interaction.channel", kept_by="7", scope="shared")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def limits(clock: ManualClock) -> Limits:
    return Limits(clock)


def _edit(channel: str = "1", **more: object) -> Call:
    return Call(route="PATCH", rate="message.edit", major=channel, **more)  # type: ignore[arg-type]


async def test_a_window_opens_with_its_first_call(limits: Limits, clock: ManualClock) -> None:
    await clock.advance(3)
    for remaining in ("4", "3", "2", "1", "0"):
        assert limits.admit(_edit()).headers["X-RateLimit-Remaining"] == remaining
    await clock.advance(4.9)
    refused = limits.admit(_edit())
    assert not refused.admitted and refused.retry_after == pytest.approx(0.1)
    assert refused.headers["Retry-After"] == "1" and refused.headers["X-RateLimit-Scope"] == "user"
    assert limits.admit(_edit("2")).admitted
    await clock.advance(0.1)
    assert limits.admit(_edit()).headers["X-RateLimit-Reset-After"] == "5.000"


async def test_the_global_window_spares_interactions(limits: Limits, clock: ManualClock) -> None:
    assert all(limits.admit(_edit(str(number))).admitted for number in range(50))
    refused = limits.admit(_edit("50"))
    assert refused.body()["global"] and refused.headers["X-RateLimit-Global"] == "true"
    assert "X-RateLimit-Bucket" not in refused.headers
    assert limits.admit(_edit("51", global_=False)).admitted
    await clock.advance(1)
    assert limits.admit(_edit("50")).admitted


async def test_a_hidden_window_refuses_with_calls_remaining(limits: Limits, clock: ManualClock) -> None:
    for number in range(30):
        answer = Call(route="POST", rate="interaction.webhook", major=str(number), hidden=(_IN_CHANNEL,))
        assert limits.admit(answer).admitted
    refused = limits.admit(answer)
    assert not refused.admitted and int(refused.headers["X-RateLimit-Remaining"]) > 0
    assert refused.retry_after == 60 and refused.headers["X-RateLimit-Scope"] == "shared"


async def test_what_was_refused_is_counted_apart(limits: Limits) -> None:
    for _ in range(7):
        limits.admit(_edit())
    counted = limits.counted()
    assert (counted["total_calls"], counted["total_refused"], counted["invalid"]) == (5, 2, 2)
    assert counted["scopes"] == {"user": 2}


async def test_a_limit_can_be_changed_and_lifted(limits: Limits) -> None:
    limits.set_rate("message.edit", Rate(1, 1.0))
    assert limits.admit(_edit()).admitted and not limits.admit(_edit()).admitted
    limits.set_rate("message.edit", None)
    limits.set_rate("global", None)
    assert all(limits.admit(_edit()).admitted for _ in range(200))


@pytest.mark.parametrize(
    ("calls", "seconds", "wrong"),
    [
        (0, 1.0, ["calls"]),
        (-1, 1.0, ["calls"]),
        (1_000_001, 1.0, ["calls"]),
        (True, 1.0, ["calls"]),
        (1.5, 1.0, ["calls"]),
        (1, 0.0, ["seconds"]),
        (1, float("inf"), ["seconds"]),
        (1, float("nan"), ["seconds"]),
        (0, "5", ["calls", "seconds"]),
    ],
)
def test_a_rate_that_cannot_be_is_refused(calls: Any, seconds: Any, wrong: list[str]) -> None:
    with pytest.raises(WrongRate) as refused:
        Rate(calls, seconds)
    assert list(refused.value.problems) == wrong


def test_a_name_that_is_no_limits_is_refused_and_the_known_are_told() -> None:
    with pytest.raises(WrongRate, match=r"no limit is 'message.edti'; it is one of message.create, .*identify"):
        Playground(rates={"message.edti": None})
    playground = Playground(rates={"GET /gateway/bot": Rate(1, 5.0)})
    with pytest.raises(WrongRate, match="no limit is 'GET /gatewat'"):
        playground.limits.set_rate("GET /gatewat", None)
    assert playground.limits.rate("GET /gateway/bot") == Rate(1, 5.0)


@pytest.mark.parametrize(
    ("name", "given", "where"),
    [
        ("message.edti", {"calls": 1, "seconds": 1}, ["name"]),
        ("message.edti", {"calls": None}, ["name"]),
        ("typing", {"calls": 0, "seconds": 0}, ["calls", "seconds"]),
        ("typing", {"calls": 1, "seconds": 90_000}, ["seconds"]),
        ("typing", {"seconds": 1}, ["calls"]),
        ("typing", {"calls": "1"}, ["calls"]),
    ],
)
async def test_a_wrong_limit_over_http_is_refused(
    playground: Playground, client: Client, name: str, given: dict[str, Any], where: list[str]
) -> None:
    before = playground.limits.rate("typing")
    refused = await client.people("PUT", f"/limits/{name}", given)
    assert refused.status == 400 and list(refused.body["errors"]) == where
    assert playground.limits.rate("typing") == before


async def test_a_limit_over_http_is_changed_and_lifted(playground: Playground, client: Client) -> None:
    assert (await client.people("PUT", "/limits/typing", {"calls": 2})).status == 204
    assert playground.limits.rate("typing") == Rate(2, 1.0)
    assert (await client.people("PUT", "/limits/typing", {"calls": None})).status == 204
    assert playground.limits.rate("typing") is None


async def test_who_waits_as_long_as_told_does_not_come_too_early(limits: Limits, clock: ManualClock) -> None:
    limits.set_rate("message.edit", Rate(1, 1.0))
    await clock.advance(0.00037)
    limits.admit(_edit())
    await clock.advance(0.1236)
    refused = limits.admit(_edit())
    assert refused.body()["retry_after"] == float(refused.headers["X-RateLimit-Reset-After"]) == 0.877
    await clock.advance(refused.body()["retry_after"])
    assert limits.admit(_edit()).admitted


async def test_shifted_windows_are_open_when_first_hit(clock: ManualClock) -> None:
    shifted = Limits(clock, phase_seed=3)
    waits = {float(shifted.admit(_edit(str(each))).headers["X-RateLimit-Reset-After"]) for each in range(20)}
    assert len(waits) == 20 and all(0 < wait <= 5 for wait in waits)
    first = float(shifted.admit(_edit("0")).headers["X-RateLimit-Reset-After"])
    await clock.advance(first + 0.5)
    assert float(shifted.admit(_edit("0")).headers["X-RateLimit-Reset-After"]) == pytest.approx(4.5, abs=0.01)
    again = Limits(ManualClock(), phase_seed=3)
    assert float(again.admit(_edit("0")).headers["X-RateLimit-Reset-After"]) == first


async def test_windows_that_are_closed_are_forgotten_and_only_those(limits: Limits, clock: ManualClock) -> None:
    limits.set_rate("global", None)
    for number in range(FEWEST_SWEPT - 10):
        limits.admit(_edit(f"early {number}"))
    await clock.advance(5)
    for _ in range(5):
        limits.admit(_edit("late"))
    for number in range(FEWEST_SWEPT):
        limits.admit(_edit(f"more {number}"))
    assert len(limits._windows) <= FEWEST_SWEPT + 10
    assert not limits.admit(_edit("late")).admitted


async def test_a_sub_limit_of_one_message_strikes_with_calls_remaining(
    playground: Playground, client: Client, general: Channel
) -> None:
    playground.limits.set_rate("message.edit.same", Rate(2, 10.0))
    first, second = [
        (await client.bot("POST", f"/channels/{general.id}/messages", {"content": "a"})).body["id"] for _ in range(2)
    ]
    edits = [await _edited(client, general, first) for _ in range(3)]
    assert [reply.status for reply in edits] == [200, 200, 429]
    assert edits[-1].headers["X-RateLimit-Remaining"] == "3" and 9 < edits[-1].body["retry_after"] <= 10
    assert (await _edited(client, general, second)).status == 200


async def test_messages_older_than_an_hour_take_few_edits(client_of_old: tuple[Client, Channel, ManualClock]) -> None:
    client, general, clock = client_of_old
    message_id = (await client.bot("POST", f"/channels/{general.id}/messages", {"content": "a"})).body["id"]
    await clock.advance(3601)
    edits = [await _edited(client, general, message_id) for _ in range(4)]
    assert [reply.status for reply in edits] == [200, 200, 200, 429]
    assert edits[-1].code == 30046 and edits[-1].body["retry_after"] == 6.0
    assert edits[-1].headers["X-RateLimit-Remaining"] == "2"
    await clock.advance(6)
    assert (await _edited(client, general, message_id)).status == 200


async def test_a_channel_is_renamed_twice_in_ten_minutes(client_of_old: tuple[Client, Channel, ManualClock]) -> None:
    client, general, clock = client_of_old
    path = f"/channels/{general.id}"
    renamed = [(await client.bot("PATCH", path, {"name": f"room-{number}"})).status for number in range(3)]
    assert renamed == [200, 200, 429] and general.name == "room-1"
    assert (await client.bot("PATCH", path, {"topic": "of other things"})).status == 200
    await clock.advance(600)
    assert (await client.bot("PATCH", path, {"name": "room-3"})).status == 200


def test_a_sweep_forgets_no_window_that_is_being_counted_in() -> None:
    clock = ManualClock()
    limits = Limits(clock)
    for number in range(FEWEST_SWEPT - 1):
        limits.admit(Call(route="r", rate="typing", major=str(number), global_=False))
    clock_call = Call(route="c", rate="message.create", major="here")
    assert [limits.admit(clock_call).admitted for _ in range(6)] == [True] * 5 + [False]


@pytest.fixture
async def client_of_old(clock: ManualClock) -> AsyncIterator[tuple[Client, Channel, ManualClock]]:
    """Time stands still unless it is moved."""
    async with Playground(clock=clock) as playground, Client(playground) as client:
        guild = playground.add_guild("Garden")
        playground.grant_bot(guild, ["manage_channels"])
        yield client, playground.add_channel(guild, "general"), clock


async def _edited(client: Client, channel: Channel, message_id: str) -> Reply:
    return await client.bot("PATCH", f"/channels/{channel.id}/messages/{message_id}", {"content": "b"})


async def test_refusals_over_http_look_like_discords(playground: Playground, client: Client, general: Channel) -> None:
    replies = [await client.bot("POST", f"/channels/{general.id}/messages", {"content": "a"}) for _ in range(6)]
    last = replies[-1]
    assert [reply.status for reply in replies] == [200] * 5 + [429]
    assert last.body.keys() >= {"message", "retry_after", "global"} and 0 < last.body["retry_after"] <= 5
    assert last.headers["Via"] and last.headers["X-RateLimit-Remaining"] == "0"
    assert len({reply.headers["X-RateLimit-Bucket"] for reply in replies}) == 1
    assert len(general.messages) == 5


def test_the_numbers_are_those_of_the_documentation() -> None:
    table = re.findall(r"^\| (`.+?) \| (\d+) \| ([\d.]+) \|", DOCUMENTATION.read_text(encoding="utf-8"), re.MULTILINE)
    told = {name: Rate(int(calls), float(seconds)) for names, calls, seconds in table for name in _quoted(names)}
    assert told == dict(RATES)


def _quoted(names: str) -> list[str]:
    return re.findall(r"`([\w.]+)`", names)


async def test_a_window_closes_by_its_first_call_and_not_by_its_last(limits: Limits, clock: ManualClock) -> None:
    limits.admit(_edit())
    await clock.advance(4)
    assert [limits.admit(_edit()).admitted for _ in range(5)] == [True] * 4 + [False]
    await clock.advance(1)
    assert [limits.admit(_edit()).admitted for _ in range(6)] == [True] * 5 + [False]


async def test_a_refused_call_counts_nowhere(limits: Limits, clock: ManualClock) -> None:
    limits.set_rate("channel.name", Rate(1, 600.0))
    named = Hidden(rate="channel.name", kept_by="1")
    renamed = Call(route="PATCH", rate="channel.edit", major="1", hidden=(named,))
    limits.admit(renamed)
    assert [limits.admit(renamed).headers["X-RateLimit-Remaining"] for _ in range(9)] == ["4"] * 9
    plain = Call(route="PATCH", rate="channel.edit", major="1")
    assert [limits.admit(plain).admitted for _ in range(5)] == [True] * 4 + [False]
    assert [limits.admit(_edit(str(each))).admitted for each in range(46)] == [True] * 45 + [False]


def test_what_is_shared_is_no_invalid_request(limits: Limits) -> None:
    limits.set_rate("interaction.channel", Rate(1, 60.0))
    answer = Call(route="POST", rate="interaction.webhook", major="1", hidden=(_IN_CHANNEL,), global_=False)
    assert [limits.admit(answer).admitted for _ in range(3)] == [True, False, False]
    assert (limits.counted()["scopes"], limits.counted()["invalid"]) == ({"shared": 2}, 0)


def test_create_and_edit_and_channels_have_buckets_of_their_own(limits: Limits) -> None:
    calls = [
        Call(route=route, rate=rate, major=major)
        for route, rate in (("POST", "message.create"), ("PATCH", "message.edit"), ("GET /users/@me", None))
        for major in ("1", "2")
    ]
    assert [limits.admit(each).admitted for each in calls for _ in range(5)] == [True] * 30
    assert [limits.admit(each).admitted for each in calls] == [False] * 4 + [True] * 2
    buckets = [limits.admit(each).headers["X-RateLimit-Bucket"] for each in calls]
    assert len(set(buckets)) == 3 and buckets[::2] == buckets[1::2], "a bucket's name is the same in each channel"


ONLY_WHEN_REFUSED = ("Retry-After", "X-RateLimit-Scope", "X-RateLimit-Global")


async def test_headers_tell_of_the_window_and_of_a_refusal_only_then(
    client_of_old: tuple[Client, Channel, ManualClock],
) -> None:
    client, general, clock = client_of_old
    replies = [await client.bot("POST", f"/channels/{general.id}/typing")]
    await clock.advance(1.25)
    replies += [await client.bot("POST", f"/channels/{general.id}/typing") for _ in range(5)]
    told = [(reply.headers["X-RateLimit-Remaining"], reply.headers["X-RateLimit-Reset-After"]) for reply in replies]
    assert told == [("4", "5.000"), ("3", "3.750"), ("2", "3.750"), ("1", "3.750"), ("0", "3.750"), ("0", "3.750")]
    now = clock.now().timestamp()
    assert {reply.headers["X-RateLimit-Reset"] for reply in replies} == {f"{now + 3.75:.3f}"}
    assert {reply.headers["X-RateLimit-Limit"] for reply in replies} == {"5"}
    assert all(name not in reply.headers for reply in replies[:-1] for name in ONLY_WHEN_REFUSED)
    last = replies[-1]
    assert last.status == 429 and last.body == {
        "message": "You are being rate limited.",
        "retry_after": 3.75,
        "global": False,
        "code": 0,
    }
    assert (last.headers["Retry-After"], last.headers["X-RateLimit-Scope"]) == ("4", "user")
    assert "X-RateLimit-Global" not in last.headers and last.headers["Via"]


async def test_the_bot_as_a_whole_has_fifty_calls_a_second(
    client_of_old: tuple[Client, Channel, ManualClock],
) -> None:
    client, general, clock = client_of_old
    paths = (f"/channels/{general.id}", f"/guilds/{general.guild.id if general.guild else 0}")
    await clock.advance(0.4)
    replies = [await client.bot("GET", paths[number % 2]) for number in range(51)]
    assert [reply.status for reply in replies] == [200] * 50 + [429]
    await clock.advance(0.25)
    refused = await client.bot("GET", "/users/@me")
    assert (refused.body["global"], refused.body["retry_after"]) == (True, 0.75)
    assert [refused.headers[name] for name in ONLY_WHEN_REFUSED] == ["1", "global", "true"]
    assert not any(name in refused.headers for name in ("X-RateLimit-Bucket", "X-RateLimit-Remaining"))
    await clock.advance(0.75)
    assert (await client.bot("GET", "/users/@me")).status == 200


async def test_a_hidden_limit_tells_its_own_wait_beside_the_buckets_window(
    client_of_old: tuple[Client, Channel, ManualClock],
) -> None:
    client, general, clock = client_of_old
    path = f"/channels/{general.id}"
    for number in range(2):
        await client.bot("PATCH", path, {"name": f"room-{number}"})
    await clock.advance(10)
    refused = await client.bot("PATCH", path, {"name": "room-3"})
    assert (refused.status, refused.body["retry_after"], refused.headers["Retry-After"]) == (429, 590.0, "590")
    assert (refused.headers["X-RateLimit-Remaining"], refused.headers["X-RateLimit-Reset-After"]) == ("3", "5.000")


async def test_what_discord_takes_for_invalid_requests_is_counted(
    playground: Playground, client: Client, general: Channel
) -> None:
    for _ in range(6):
        await client.bot("POST", f"/channels/{general.id}/typing")
    await client.fetch("GET", f"{playground.api_url}/users/@me")
    hidden = Overwrite(id=playground.bot_user_id, deny=permissions.VIEW_CHANNEL)
    playground.world.set_overwrites(general, [hidden])
    assert (await client.bot("GET", f"/channels/{general.id}")).status == 403
    assert (await client.bot("GET", "/channels/7")).status == 404
    assert playground.limits.counted()["invalid"] == 3
