"""What `/help` says of when the bot answers."""

from __future__ import annotations

import pytest

from bot.domain.conversation import Place
from bot.words import LOCALES, words
from cogs.help import how

CHANNEL = Place(channel_id=1, guild_id=7)
DIRECT = Place(channel_id=2)


@pytest.mark.parametrize("locale", LOCALES)
def test_every_message_is_answered_only_where_it_can_be_read(locale: str) -> None:
    _ = words(locale)
    everything = _("In this channel I answer every message.")
    assert how(CHANNEL, _, everything=True, sees_content=True) == everything
    usual = how(CHANNEL, _, everything=False, sees_content=True)
    assert how(CHANNEL, _, everything=False, sees_content=False) == usual
    unread = how(CHANNEL, _, everything=True, sees_content=False)
    assert unread.startswith(usual) and everything not in unread and "CAUSERIE_MESSAGE_CONTENT" in unread
    direct = how(DIRECT, _, everything=True, sees_content=False)
    assert direct == how(DIRECT, _, everything=False, sees_content=True)
