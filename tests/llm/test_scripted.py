from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from bot.clock import ManualClock
from bot.domain.run import FinishReason
from bot.domain.usage import Usage
from bot.errors import KeyRefused, Overloaded
from bot.llm.port import Event, Finished, Message, Model, RefusalDelta, Request, Speaking, TextDelta
from bot.llm.scripted import ScriptedModel, ScriptError, fails, says

REQUEST = Request(model="m", messages=(Message(Speaking.USER, "hi"),), max_tokens=10)


async def play(model: Model) -> list[Event]:
    async with aclosing(model.stream(REQUEST)) as stream:
        return [event async for event in stream]


async def test_scripts_in_their_order() -> None:
    usage = Usage(prompt_tokens=1, completion_tokens=2)
    with ScriptedModel("Hello", says("cut", piece=2, reason=FinishReason.LENGTH, usage=usage)) as model:
        assert await play(model) == [TextDelta("Hell"), TextDelta("o"), Finished(FinishReason.STOP, None)]
        assert await play(model) == [TextDelta("cu"), TextDelta("t"), Finished(FinishReason.LENGTH, usage)]
    assert model.requests == [REQUEST, REQUEST]


async def test_time_comes_from_the_clock() -> None:
    clock = ManualClock()
    model = ScriptedModel(says("ab", piece=1, every=2), clock=clock)
    heard: list[Event] = []

    async def listen() -> None:
        async for event in model.stream(REQUEST):
            heard.append(event)

    listening = asyncio.create_task(listen())
    await clock.advance(1.9)
    assert heard == []
    await clock.advance(0.2)
    assert heard == [TextDelta("a")]
    await clock.advance(2)
    await listening
    assert len(heard) == 3


async def test_errors_and_refusals() -> None:
    model = ScriptedModel(fails(Overloaded(3)), says("no", reason=FinishReason.REFUSAL))
    with pytest.raises(Overloaded):
        await play(model)
    assert await play(model) == [RefusalDelta("no"), Finished(FinishReason.REFUSAL, None)]
    assert model.abandoned == 0


async def test_a_call_too_many_is_not_forgotten() -> None:
    model = ScriptedModel()
    with pytest.raises(ScriptError, match="hi"):
        await play(model)
    with pytest.raises(ScriptError, match="unexpected call"):
        model.assert_played()


async def test_scripts_left_over_are_reported() -> None:
    with pytest.raises(ScriptError, match="2 scripts"), ScriptedModel("a", "b"):
        pass


async def test_an_error_of_the_test_itself_comes_first() -> None:
    with pytest.raises(ZeroDivisionError), ScriptedModel("a"):
        raise ZeroDivisionError


async def test_abandoned_calls_are_counted() -> None:
    model = ScriptedModel("Hello")
    async with aclosing(model.stream(REQUEST)) as stream:
        await anext(stream)
    assert model.abandoned == 1


async def test_check_and_close() -> None:
    model = ScriptedModel(refusals={"m": KeyRefused()})
    await model.check("other")
    with pytest.raises(KeyRefused):
        await model.check("m")
    await model.close()
    assert model.closed
