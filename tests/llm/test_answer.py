from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.run import FinishReason
from bot.domain.usage import Usage
from bot.llm.answer import Answer, ThinkingFilter
from bot.llm.port import Event, Finished, RefusalDelta, TextDelta
from tests.llm.server import chunk

PIECES = st.lists(st.sampled_from(["<", "think>", "</", "think", ">", " ", "\n", "a", "<think>", "</think>"]))


def shown(pieces: list[str]) -> str:
    thinking = ThinkingFilter()
    return "".join([*(thinking.take(piece) for piece in pieces), thinking.end()])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello <think>no</think>", "Hello <think>no</think>"),
        ("<think>yes</think>\n\nHello", "Hello"),
        ("\n<think></think>Hello", "Hello"),
        ("<think>never closed", ""),
        ("<thinking>not the tag", "<thinking>not the tag"),
        ("  <thin", "  <thin"),
        ("", ""),
        ("<think>a</think><think>b</think> c", "c"),
    ],
)
def test_reasoning_at_the_start(text: str, expected: str) -> None:
    assert shown([text]) == expected
    assert shown(list(text)) == expected


@settings(deadline=None)
@given(PIECES)
def test_how_a_text_is_cut_into_pieces_changes_nothing(pieces: list[str]) -> None:
    assert shown(pieces) == shown(["".join(pieces)]) == shown(list("".join(pieces)))


@settings(deadline=None)
@given(PIECES)
def test_text_without_reasoning_is_untouched(pieces: list[str]) -> None:
    text = "x" + "".join(pieces)
    assert shown(list(text)) == text


def told(*pieces: Iterable[dict[str, Any]], visible_thinking: bool = True) -> list[Event]:
    """What is said after each of the pieces that came at one time, and at the end."""
    answer = Answer(visible_thinking=visible_thinking)
    events: list[Event] = []
    for piece in pieces:
        for each in piece:
            answer.take(each)
        events += answer.news()
    return [*events, *answer.end()]


STOPPED = Finished(FinishReason.STOP, None, "served")


def test_what_came_at_one_time_is_told_once() -> None:
    pieces = [[chunk("Hel"), chunk("lo")], [], [chunk(refusal="but ")], [chunk(refusal="no")], [chunk(finish="stop")]]
    assert told(*pieces) == [
        TextDelta("Hello"),
        RefusalDelta("but "),
        RefusalDelta("no"),
        Finished(FinishReason.REFUSAL, None, "served"),
    ]


def test_a_refusal_counts_as_text_that_was_given_out() -> None:
    answer = Answer(visible_thinking=False)
    assert not answer.begun
    answer.take(chunk("", refusal=""))
    assert list(answer.news()) == [] and not answer.begun
    answer.take(chunk(refusal="no"))
    assert list(answer.news()) == [RefusalDelta("no")] and answer.begun and answer.deltas == 1


def test_a_refusal_that_breaks_off_is_broken() -> None:
    assert told([chunk(refusal="I can")])[-1] == Finished(FinishReason.BROKEN, None, "served")


def test_what_looked_like_reasoning_to_the_end_is_text() -> None:
    assert told([chunk("<thi")], [chunk(finish="stop")]) == [TextDelta("<thi"), STOPPED]


@pytest.mark.parametrize(
    "part",
    [None, "text", {"type": "image", "text": "no"}, {"type": "text"}, {"type": "text", "text": 3}, {"text": "no"}],
)
def test_parts_that_are_no_text_are_passed_over(part: object) -> None:
    said = {"type": "text", "text": "Yes."}
    assert told([chunk(content=[said, part]), chunk(finish="stop")]) == [TextDelta("Yes."), STOPPED]


@pytest.mark.parametrize("odd", [-1, "7", None, 2.5, [3]])
def test_counts_that_are_none_are_zero(odd: object) -> None:
    usage = {"prompt_tokens": odd, "completion_tokens": 5, "prompt_tokens_details": odd}
    *_, end = told([{"choices": [], "usage": usage}])
    assert isinstance(end, Finished) and end.usage == Usage(prompt_tokens=0, completion_tokens=5)


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (["a\ud83d", "\ude00b"], "a😀b"),
        (["a\ud83d\ude00", "b"], "a😀b"),
        (["a\ud83d", "b"], "a\ufffdb"),
        (["a\ude00", "\ud83db"], "a\ufffd\ufffdb"),
        (["a\ud83d"], "a\ufffd"),
        (["\ud83d", "\ud83d", "\ude00"], "\ufffd😀"),
    ],
)
@pytest.mark.parametrize("kind", ["content", "refusal"])
@pytest.mark.parametrize("visible_thinking", [False, True])
def test_a_character_that_came_in_halves_is_whole_or_replaced(
    pieces: list[str], expected: str, kind: str, visible_thinking: bool
) -> None:
    """No file and no database takes half of one."""
    *said, end = told(*([chunk(**{kind: piece})] for piece in pieces), visible_thinking=visible_thinking)
    assert "".join(event.text for event in said if isinstance(event, TextDelta | RefusalDelta)) == expected
    assert isinstance(end, Finished)
    together = told([chunk(**{kind: piece}) for piece in pieces], visible_thinking=visible_thinking)
    assert "".join(event.text for event in together if isinstance(event, TextDelta | RefusalDelta)) == expected
