"""`CAUSERIE_EXAMPLES` sets how many examples each property is tried with (150; 10,000 for a long run)."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wcwidth import iter_graphemes

from bot.delivery.fences import close, units
from bot.delivery.split import PageText, Splitter, split, with_remark

LIMIT = 120

thorough = settings(
    max_examples=int(os.environ.get("CAUSERIE_EXAMPLES", "150")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

pieces = st.sampled_from(
    [
        *("a", "word", " ", "  ", "\n", "\n\n", "\t", "\r\n", ". ", "\u00a0", "\u3000"),
        *("안녕하세요", "세계", "가", "\u1112\u1161\u11ab", "e\u0301", "\u0301", "नि", "ค้"),
        *("😀", "👨‍👩‍👧‍👦", "🇰🇷", "🇰", "👍🏽", "❤️", "\u200d", "\ufe0f"),
        *(
            "`",
            "``",
            "```",
            "````",
            "~~~",
            "```py\n",
            "```python title=x\n",
            "\n```\n",
            "\n~~~\n",
            "   ```\n",
            "    ```\n",
        ),
        *("| a | b |\n", "|---|---|\n", "- item\n", "1. ", "> quote\n", "# Heading\n", "**", "_", "x" * 70, "가" * 50),
        *("\n" * 150, " " * 130, "```" + "i" * 60 + "\n", "`" * 20),
    ]
)
answers = st.lists(pieces | st.text(max_size=20), max_size=60).map("".join)


def shown_state(page: PageText) -> bool:
    """Whether a page leaves a code block open."""
    return close(page.text) != page.text


@thorough
@given(answers)
def test_every_page_is_sound(text: str) -> None:
    pages = split(text, limit=LIMIT)
    assert "".join(page.body for page in pages) == (text if text.strip() else "")
    for page in pages:
        assert 0 < units(page.text) <= LIMIT
        assert page.text.strip()
        assert not shown_state(page)


@thorough
@given(answers, st.integers(min_value=0))
def test_a_full_page_is_not_changed_by_what_follows(text: str, place: int) -> None:
    earlier = split(text[: place % (len(text) + 1)], limit=LIMIT)
    assert split(text, limit=LIMIT)[: max(len(earlier) - 1, 0)] == earlier[:-1]


@thorough
@given(st.lists(answers, max_size=5))
def test_chunks_do_not_matter(chunks: list[str]) -> None:
    splitter, text = Splitter(limit=LIMIT), ""
    for chunk in chunks:
        text += chunk
        assert splitter.feed(text) == split(text, limit=LIMIT)


@thorough
@given(st.lists(pieces.filter(lambda piece: "`" not in piece and "~" not in piece), max_size=60).map("".join))
def test_what_people_see_as_a_character_is_not_cut(text: str) -> None:
    edges, place = {0}, 0
    for cluster in iter_graphemes(text):
        place += len(cluster)
        edges.add(place)
    cut = 0
    for page in split(text, limit=LIMIT)[:-1]:
        cut += len(page.body)
        assert cut in edges


@thorough
@given(answers, st.text(min_size=1, max_size=20).filter(str.strip))
def test_a_remark_stands_outside_code(answer: str, remark: str) -> None:
    text = with_remark(answer, remark)
    assert close(text) == text or "```" in remark or "~~~" in remark
    assert with_remark(answer, None) == answer


def test_short_text_is_one_page() -> None:
    assert split("Hello") == (PageText(head="", body="Hello", tail=""),)


@pytest.mark.parametrize("text", ["", " ", "\n\n\n" * 5000])
def test_blank_text_has_no_page(text: str) -> None:
    assert split(text) == ()


def test_a_code_block_is_closed_and_reopened_with_its_language() -> None:
    code = "".join(f"value_{number} = {number}\n" for number in range(200))
    pages = split(f"```python\n{code}```\nDone.")
    assert len(pages) == 2
    assert pages[0].tail == "```"
    assert pages[1].head == "```python\n"
    assert pages[1].text.endswith("```\nDone.")


def test_a_tilde_block_keeps_its_mark() -> None:
    pages = split("~~~~sql\n" + "select 1;\n" * 300 + "~~~~\n")
    assert {page.head for page in pages[1:]} == {"~~~~sql\n"}
    assert all(page.text.endswith("~~~~") for page in pages)


def test_a_closing_line_that_just_fits_stays_on_its_page() -> None:
    text = "```\n" + "x" * (2000 - 8) + "\n```"
    assert [page.text for page in split(text)] == [text]


def test_a_closing_line_in_the_making_is_completed() -> None:
    assert [page.text for page in split("```\ncode\n`")] == ["```\ncode\n```"]


def test_blocks_are_preferred_to_lines_and_lines_to_words() -> None:
    words = "word " * 15
    assert split(f"{words}\n\n{words}\nmore\n", limit=120)[0].body == f"{words}\n\n"
    assert split(f"{words}\n{words}", limit=120)[0].body == f"{words}\n"
    assert split("word " * 40, limit=120)[0].body == "word " * 24


def test_a_block_of_code_is_not_cut_if_it_can_start_a_page() -> None:
    text = "intro " * 11 + "\n```\n" + "code\n" * 15 + "```"
    first, second = split(text, limit=120)
    assert "```" not in first.text
    assert second.text == "```\n" + "code\n" * 15 + "```"


def test_emoji_count_twice() -> None:
    pages = split("😀" * 1500)
    assert [len(page.body) for page in pages] == [1000, 500]


def test_a_character_larger_than_a_page_is_cut_between_code_points() -> None:
    text = "e" + "\u0301" * 5000
    pages = split(text)
    assert [len(page.body) for page in pages] == [2000, 2000, 1001]
    assert "".join(page.body for page in pages) == text


def test_white_space_at_a_cut_costs_nothing() -> None:
    pages = split("a" * 1990 + "\n" * 5000 + "b" * 50)
    assert [page.text for page in pages] == ["a" * 1990, "b" * 50]


def test_another_text_starts_anew() -> None:
    splitter = Splitter(limit=LIMIT)
    splitter.feed("Waiting. " * 30)
    assert splitter.feed("The answer") == split("The answer", limit=LIMIT)


def test_a_page_that_could_hold_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="too small"):
        Splitter(limit=20)


def test_a_remark_closes_the_code_block_before_it() -> None:
    assert with_remark("```py\nprint(1)", "Cut off.") == "```py\nprint(1)\n```\n-# Cut off."
    assert with_remark("Text\n", "One.\nTwo.") == "Text\n-# One.\n-# Two."
    assert with_remark("  ", "No answer.") == "No answer."
