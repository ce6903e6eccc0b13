from __future__ import annotations

import pytest

from bot.delivery.fences import units
from cogs.replies import shortened


@pytest.mark.parametrize("text", ["", "a" * 10, "한" * 10, "😀" * 5])
def test_what_fits_stays_as_it_is(text: str) -> None:
    assert shortened(text, 10) == text


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("a" * 11, "a" * 9 + "…"),
        ("한" * 11, "한" * 9 + "…"),
        ("😀" * 6, "😀" * 4 + "…"),
        ("a" + "😀" * 5, "a😀😀😀😀…"),
    ],
)
def test_what_is_too_long_ends_before_a_whole_character(text: str, short: str) -> None:
    assert shortened(text, 10) == short and units(short) <= 10


def test_a_message_is_as_long_as_discord_takes_it() -> None:
    assert shortened("a" * 2_000) == "a" * 2_000
    assert shortened("a" * 2_001) == "a" * 1_999 + "…"
