"""What is one emoji, and so can be reacted with, stand on a button and beside an option."""

from __future__ import annotations

import pytest

from playground import emoji


@pytest.mark.parametrize(
    "text",
    [
        *("🎉", "❤️", "❤", "1️⃣", "#⃣", "🇰🇷", "👍🏽", "👩‍💻", "🏳️‍🌈", "👨‍👩‍👧‍👦", "👩🏽‍❤️‍💋‍👨🏻"),
        *("ℹ️", "‼️", "⁉️", "〰️", "〽️", "©️", "™️"),
        # Newer than Unicode 14, which Python 3.11 knows.
        *("\U0001fa77", "\U0001fae8", "\U0001f6dc", "\U0001fabd", "\U0001faf7", "\U0001fae9"),
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    ],
)
def test_what_is_an_emoji(text: str) -> None:
    assert emoji.known(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "1", "#", "안", "٩", "¬", "→", "✓", "★", "´", "\x00", "party:123", "rose"),
        *("😀😀", "😀😀😀", "😀a", "🇰", "🇰🇷🇰🇷", "1️⃣2️⃣", "\ufe0f", "\u20e3", "😀\u200d", "\u200d😀", "❤️️"),
        "\u200d".join("👩👩👧👦👦"),
        "😀" + "\ufe0f" * 20,
    ],
)
def test_what_is_none_or_more_than_one(text: str) -> None:
    assert not emoji.known(text)
