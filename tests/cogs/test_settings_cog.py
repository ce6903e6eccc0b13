"""What settings and their values are called, and what everybody reads of a change."""

from __future__ import annotations

from typing import Any

import pytest

from bot.channels.preferences import Change
from bot.domain.conversation import Place
from bot.domain.settings import LANGUAGE, NOTICE, REGISTRY, REPLY_TO, UPDATES, Choice, Scope, Setting
from bot.words import LOCALES, words
from cogs.replies import MENTIONS_ONLY
from cogs.settings import LABELS, confirmation, meant, named

CHANNEL = Place(channel_id=1, guild_id=7)
THREAD = Place(channel_id=2, parent_id=1, guild_id=7)
DIRECT = Place(channel_id=3)

CHOICES = [
    (setting, option)
    for setting in REGISTRY.values()
    if isinstance(setting.kind, Choice)
    for option in setting.kind.options
]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(("setting", "option"), CHOICES)
def test_a_value_means_itself_as_it_is_called_in_each_language(setting: Setting[Any], option: str, locale: str) -> None:
    shown = named(option, words(locale))
    for typed in (option, option.upper(), shown, f" {shown.upper()} "):
        assert meant(setting, typed) == option
    assert meant(setting, words(locale)("default")) == "default"


def test_what_is_no_name_is_left_as_it_was_typed() -> None:
    for setting in REGISTRY.values():
        assert meant(setting, " 1,000 ") == " 1,000 "
        assert meant(setting, "Nonsense") == "Nonsense"


def test_every_listed_setting_has_a_name() -> None:
    assert set(LABELS) == {setting.key for setting in REGISTRY.values() if setting.listed}


def told(
    setting: Setting[Any],
    value: str | None,
    scope: Scope,
    effective: str | None = None,
    source: Scope | None = None,
    *,
    place: Place = CHANNEL,
    locale: str = "en",
    sees_content: bool = True,
) -> str:
    holds = {"effective": effective or value, "source": source or (scope if value else None)}
    change = Change(setting=setting, scope=scope, value=value, **holds)  # type: ignore[arg-type]
    return confirmation(change, place, words(locale), sees_content=sees_content)


@pytest.mark.parametrize(
    ("place", "scope", "english", "korean"),
    [
        (CHANNEL, Scope.GUILD, "in this server", "이 서버에서"),
        (CHANNEL, Scope.CHANNEL, "in this channel", "이 채널에서"),
        (THREAD, Scope.CHANNEL, "in this thread", "이 스레드에서"),
        (THREAD, Scope.GUILD, "in this server", "이 서버에서"),
        (DIRECT, Scope.CHANNEL, "here", "여기에서"),
        (CHANNEL, Scope.PERSON, "for you", "개인 설정에서"),
        (DIRECT, Scope.PERSON, "for you", "개인 설정에서"),
    ],
)
def test_a_change_tells_where_it_holds(place: Place, scope: Scope, english: str, korean: str) -> None:
    assert told(LANGUAGE, "ko", scope, place=place) == f"**My language** is now **Korean** {english}."
    in_korean = told(LANGUAGE, "ko", scope, place=place, locale="ko")
    assert in_korean == f"{korean} **제 언어** 설정을 **한국어**로 바꿨어요."
    back = told(LANGUAGE, None, scope, "auto", place=place)
    assert back == f"**My language** is back to its default {english}: **as in Discord**."
    in_korean = told(LANGUAGE, None, scope, "auto", place=place, locale="ko")
    assert in_korean == f"{korean} **제 언어** 설정을 기본값(**디스코드 설정 따르기**)으로 되돌렸어요."


@pytest.mark.parametrize(
    ("place", "scope", "source", "english", "korean"),
    [
        (
            CHANNEL,
            Scope.CHANNEL,
            Scope.GUILD,
            "is no longer set in this channel. Here the server's value holds now: **on**.",
            "이 채널에서 따로 정한 {} 설정을 없앴어요. 이제 여기에서는 서버에서 정한 값이 쓰여요: **켬**.",
        ),
        (
            THREAD,
            Scope.CHANNEL,
            Scope.CHANNEL,
            "is no longer set in this thread. Here the channel's value holds now: **on**.",
            "이 스레드에서 따로 정한 {} 설정을 없앴어요. 이제 여기에서는 채널에서 정한 값이 쓰여요: **켬**.",
        ),
        (
            CHANNEL,
            Scope.PERSON,
            Scope.OPERATOR,
            "is no longer set for you. Here the operator's value holds now: **on**.",
            "개인 설정에서 따로 정한 {} 설정을 없앴어요. 이제 여기에서는 봇 운영자가 정한 값이 쓰여요: **켬**.",
        ),
    ],
)
def test_a_value_that_is_taken_back_gives_way_to_the_next(
    place: Place, scope: Scope, source: Scope, english: str, korean: str
) -> None:
    assert told(NOTICE, None, scope, "on", source, place=place).endswith(f"** {english}")
    in_korean = told(NOTICE, None, scope, "on", source, place=place, locale="ko")
    assert in_korean == korean.format("**긴 답변이 끝나면 멘션으로 알림**")


def test_a_servers_value_leaves_a_channel_its_own() -> None:
    closer = (UPDATES, "finished", Scope.GUILD, "live", Scope.CHANNEL)
    where = "is now **when they are finished** in this server. Here the channel's value holds: **while I write**."
    assert told(*closer) == f"**When I show my answers** {where}"
    assert told(*closer, locale="ko") == (
        "이 서버에서 **답변을 보여 주는 때** 설정을 **다 쓴 뒤 한 번에**로 바꿨어요. "
        "다만 여기에서는 채널에서 정한 값이 쓰여요: **쓰는 동안 계속**."
    )


@pytest.mark.parametrize("locale", LOCALES)
def test_who_wants_every_message_answered_is_told_what_is_missing(locale: str) -> None:
    seen = told(REPLY_TO, "everything", Scope.CHANNEL, locale=locale)
    unseen = told(REPLY_TO, "everything", Scope.CHANNEL, locale=locale, sees_content=False)
    assert unseen == f"{seen} {words(locale)(MENTIONS_ONLY)}" and "CAUSERIE_MESSAGE_CONTENT" in unseen
    for setting, value in ((REPLY_TO, "mentions"), (NOTICE, "on")):
        seen = told(setting, value, Scope.CHANNEL, locale=locale)
        assert told(setting, value, Scope.CHANNEL, locale=locale, sees_content=False) == seen
    away = (REPLY_TO, None, Scope.CHANNEL, "everything", Scope.GUILD)
    assert "CAUSERIE_MESSAGE_CONTENT" in told(*away, locale=locale, sees_content=False)
