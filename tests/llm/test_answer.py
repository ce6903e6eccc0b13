from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.llm.answer import ThinkingFilter

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
