"""Every property is tried with 150 texts, times what `--fuzz` says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wcwidth import iter_graphemes

from bot.delivery.fences import close, units
from bot.delivery.render import Reader
from bot.delivery.split import PageText, Splitter, split, with_remark
from tests.delivery.markdown import ANSWERS, CHUNKS, PIECES, prefixes

LIMIT = 120

Property = Callable[..., None]


@pytest.fixture
def thorough(request: pytest.FixtureRequest) -> Callable[[Property], Property]:
    return settings(
        max_examples=150 * int(request.config.getoption("--fuzz")),
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )


def rendered(text: str) -> str:
    """The whole text in Discord's dialect, with nothing opened again or closed early."""
    reader = Reader(LIMIT)
    pieces = reader.feed(text) + reader.end(text)
    return "".join(piece.space + piece.text for piece in pieces)


def stripped_of_tables(text: str) -> str:
    return text.replace("|", "")


def test_every_page_is_sound(thorough: Callable[[Property], Property]) -> None:
    @thorough
    @given(ANSWERS)
    def every_page(text: str) -> None:
        for page in split(text, limit=LIMIT):
            assert 0 < units(page.text) <= LIMIT
            assert page.text.strip()
            assert page.text.count("```") % 2 == 0

    every_page()


def test_the_pages_together_are_the_rendered_text(thorough: Callable[[Property], Property]) -> None:
    @thorough
    @given(ANSWERS.map(stripped_of_tables))
    def together(text: str) -> None:
        if whole := rendered(text):
            assert "".join(page.body for page in split(text, limit=LIMIT)) == whole

    together()


def test_what_was_shown_stays(thorough: Callable[[Property], Property]) -> None:
    """Chunks do not matter, ended pages never change, and what a page has shown is never found in another."""

    @thorough
    @given(ANSWERS, CHUNKS)
    def stays(text: str, sizes: list[int]) -> None:
        splitter, whole = Splitter(limit=LIMIT), split(text, limit=LIMIT)
        most: dict[int, int] = {}
        for prefix in prefixes(text, sizes):
            pages = splitter.feed(prefix)
            assert pages[:-1] == whole[: max(len(pages) - 1, 0)]
            assert all(units(page.text) <= LIMIT and page.text.count("```") % 2 == 0 for page in pages)
            if pages:
                most[len(pages) - 1] = max(most.get(len(pages) - 1, 0), words(pages[-1]))
        assert splitter.feed(text, final=True) == whole
        for place, shown in most.items():
            assert shown <= words(whole[place])

    stays()


def words(page: PageText) -> int:
    """Hangul, which is in no tag or address that the texts are made of: what was shown of it never comes and goes."""
    return sum("가" <= character <= "힣" for character in page.body)
