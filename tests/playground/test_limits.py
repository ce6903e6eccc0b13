from __future__ import annotations

import pytest

from bot.clock import ManualClock
from playground.entities import Channel
from playground.limits import Call, Limits, Rate
from playground.server import Playground
from tests.playground.client import Client


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
        answer = Call(
            route="POST", rate="interaction.webhook", major=str(number), hidden=(("interaction.channel", "7"),)
        )
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


async def test_refusals_over_http_look_like_discords(playground: Playground, client: Client, general: Channel) -> None:
    replies = [await client.bot("POST", f"/channels/{general.id}/messages", {"content": "a"}) for _ in range(6)]
    last = replies[-1]
    assert [reply.status for reply in replies] == [200] * 5 + [429]
    assert last.body.keys() >= {"message", "retry_after", "global"} and 0 < last.body["retry_after"] <= 5
    assert last.headers["Via"] and last.headers["X-RateLimit-Remaining"] == "0"
    assert len({reply.headers["X-RateLimit-Bucket"] for reply in replies}) == 1
    assert len(general.messages) == 5
