"""The line above an answer that shows what was asked."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import iter_graphemes

from bot.delivery.fences import units
from bot.delivery.question import LONGEST, shown_above
from tests.delivery.markdown import ANSWERS, CLUSTERS, seen
from tests.delivery.test_split import SPOILER, Thorough, hangul, thorough

__all__ = ["thorough"]

WHOLES = (
    "<@1234567890123456789>",
    "<:smile_face:1234567890>",
    "<t:1700000000:R>",
    "[a link](<https://example.com/one>)",
)
SPANS = ("**fat {}**", "__{}__", "_{}_", "*{}*", "~~{}~~", "||{}||", "`{}`", "**a *b ||{}||***", "||~~__{}__~~||")


@pytest.mark.parametrize(
    ("question", "shown"),
    [
        ("How\nmany?", "> How many?"),
        ("hi <@7>, **fat** *it* __u__ ~~s~~ ||h|| `c` <:s:5>", "> hi <@7>, **fat** *it* __u__ ~~s~~ ||h|| `c` <:s:5>"),
        ("what is <b>x</b> &amp; <!-- y -->", "> what is <b>x</b> &amp; <!-- y -->"),
        ("a || b", "> a \\|\\| b"),
        ("2 * 3, 2*3, f(**kwargs), a_b and C:\\dir", "> 2 * 3, 2\\*3, f(\\*\\*kwargs), a\\_b and C:\\\\dir"),
        ("\\*args\\*", "> \\*args\\*"),
        ("see https://a.b/c_(d)! or [e](https://f.g)", "> see <https://a.b/c_(d)>! or [e](<https://f.g>)"),
        ("`a || b` and ``c ` d``", "> `a || b` and ``c ` d``"),
        ("```py\nx = 7\n```?", "> `py x = 7 `?"),
        ("it's `open", "> it's \\`open"),
        ("# define X", "> \\# define X"),
        ("-# small", "> \\-# small"),
        ("- a\n- b", "> \\- a - b"),
        (">>> quoted", "> \\>>> quoted"),
        ("  ", ""),
    ],
)
def test_a_question_is_one_line_in_which_marks_without_another_half_are_characters(question: str, shown: str) -> None:
    assert shown_above(question) == shown


@pytest.mark.parametrize("before", range(1, LONGEST + 1, 7))
def test_a_cut_divides_nothing_and_leaves_nothing_open(before: int) -> None:
    for whole in WHOLES:
        shown = (
            shown_above(f"{'x' * before} {whole} {'y' * LONGEST}").removesuffix("…").removeprefix(f"> {'x' * before}")
        )
        assert not shown or shown.startswith(f" {whole}")
    for span in SPANS:
        shown = shown_above(f"{'x' * before} {span.format('가나다 ' * LONGEST + '끝')}")
        read = SPOILER.sub("", seen(shown.replace("||", "\0")).replace("\0", "||"))
        assert set(read) <= set("> xfatb가나다…"), "every mark has its other half"
        assert "||" not in span or not hangul(read)


def test_a_question_is_one_short_line_whatever_it_is(thorough: Thorough) -> None:
    @thorough
    @given(st.lists(ANSWERS, max_size=4).map("".join))
    def short(question: str) -> None:
        shown = shown_above(question)
        assert units(shown) <= LONGEST + 2 and shown.splitlines() == [shown] * bool(question.split())
        assert "```" not in shown

    short()


def test_what_people_see_as_a_character_is_not_cut(thorough: Thorough) -> None:
    @thorough
    @given(st.integers(280, 300), st.lists(CLUSTERS, min_size=5, max_size=40).map("".join))
    def not_cut(before: int, text: str) -> None:
        question = " ".join(f"{'x' * before}{re.sub('[-`# ]', '', text)}".split())
        shown = shown_above(question).removeprefix("> ").removesuffix("…").replace("\\_", "_")
        assert question.startswith(shown.rstrip())
        assert shown.rstrip() in [
            "".join(list(iter_graphemes(question))[:length]) for length in range(len(question) + 1)
        ]

    not_cut()


def test_what_is_hidden_stays_hidden_and_nothing_else_is(thorough: Thorough) -> None:
    words = ("word ", "<br> ", "*it* ", "**fat** ", "&lt; ", "https://a.b ", "<@5> ", "a_b ", "x" * 40 + " ", "f(*a) ")
    hidden = ("||가나다|| ", "||가 **나** 다|| ", "||" + "가나 " * 80 + "|| ")

    @thorough
    @given(st.lists(st.sampled_from((*words, *hidden)), max_size=60).map("".join), st.sampled_from(("", "a ||b")))
    def hides(question: str, open_end: str) -> None:
        shown = shown_above(question + open_end)
        assert not hangul(SPOILER.sub("", shown))
        assert all(re.search("[가-힣]", secret) for secret in SPOILER.findall(shown))

    hides()
