from __future__ import annotations

import pytest

from bot.domain.conversation import Place
from bot.domain.settings import ANSWER_TOKENS, LANGUAGE, REPLY_TO, WINDOW_TOKENS, Permission, Scope, Setting
from bot.errors import GuildOnly, PermissionMissing, SettingInvalid, SettingScope, SettingUnknown
from bot.words import words
from bot.words.explain import explain
from tests.channels.conftest import DIRECT, ELSEWHERE, GUILD, MEMBER, MODERATOR, THREAD, Desk, actor_without


async def test_a_value_holds_where_it_was_set_and_is_audited(desk: Desk) -> None:
    change = await desk.preferences.set(GUILD, MODERATOR, "reply_to", "everything", Scope.CHANNEL)
    assert (change.value, change.effective) == ("everything", "everything")
    assert await desk.preferences.value(REPLY_TO, GUILD) == "everything"
    assert await desk.preferences.value(REPLY_TO, THREAD) == "everything"
    assert await desk.preferences.value(REPLY_TO, ELSEWHERE) == "mentions"
    (entry,) = await desk.entries()
    assert (entry.action, entry.guild_id, entry.channel_id, entry.actor_id) == ("settings.set", 7, 1, 5)
    assert entry.details == {"scope": "channel", "key": "reply_to", "from": None, "to": "everything"}


async def test_the_nearer_scope_holds(desk: Desk) -> None:
    await desk.preferences.set(GUILD, MODERATOR, "reply_to", "everything", Scope.GUILD)
    change = await desk.preferences.set(GUILD, MODERATOR, "reply_to", "mentions", Scope.CHANNEL)
    assert change.effective == "mentions"
    assert await desk.preferences.value(REPLY_TO, Place(channel_id=99, guild_id=7)) == "everything"
    change = await desk.preferences.set(GUILD, MODERATOR, "reply_to", None, Scope.CHANNEL)
    assert (change.value, change.effective, change.source) == (None, "everything", Scope.GUILD)
    assert (await desk.entries())[-1].details["from"] == "mentions"


@pytest.mark.parametrize("raw", [None, "default", " Default "])
async def test_the_default_removes_the_value(desk: Desk, raw: str | None) -> None:
    await desk.preferences.set(GUILD, MODERATOR, "reply_to", "everything", Scope.CHANNEL)
    await desk.preferences.set(GUILD, MODERATOR, "reply_to", raw, Scope.CHANNEL)
    assert await desk.count("settings") == 0 and await desk.count("audit") == 2


@pytest.mark.parametrize(
    ("scope", "permission"), [(Scope.CHANNEL, Permission.MANAGE_CHANNELS), (Scope.GUILD, Permission.MANAGE_GUILD)]
)
async def test_each_scope_takes_its_permission(desk: Desk, scope: Scope, permission: Permission) -> None:
    with pytest.raises(PermissionMissing) as refused:
        await desk.preferences.set(GUILD, actor_without(permission), "reply_to", "everything", scope)
    assert refused.value.permission == permission and await desk.count("audit") == 0
    for other in Permission:
        if other is not permission:
            await desk.preferences.set(GUILD, actor_without(other), "reply_to", "everything", scope)


async def test_ones_own_language_takes_no_permission_and_is_nobody_elses_business(desk: Desk) -> None:
    await desk.preferences.set(GUILD, MEMBER, "language", "ko", Scope.PERSON)
    assert await desk.preferences.value(LANGUAGE, ELSEWHERE, MEMBER.user_id) == "ko"
    assert await desk.preferences.value(LANGUAGE, GUILD, MODERATOR.user_id) == "auto"
    assert await desk.preferences.value(LANGUAGE, GUILD) == "auto"
    (entry,) = await desk.entries()
    assert (entry.guild_id, entry.channel_id, entry.actor_id) == (None, None, 6)


async def test_a_places_setting_is_shown_without_ones_own(desk: Desk) -> None:
    await desk.preferences.set(GUILD, MODERATOR, "language", "ko", Scope.PERSON)
    shown = dict(await desk.preferences.shown(GUILD, MODERATOR.user_id, [Scope.CHANNEL, Scope.GUILD]))
    assert (shown["language"].value, shown["language"].scope) == ("auto", None)
    change = await desk.preferences.set(GUILD, MODERATOR, "language", "en", Scope.GUILD)
    assert change.effective == "en"


async def test_the_language_is_the_chosen_one_else_discords(desk: Desk) -> None:
    assert await desk.preferences.locale(GUILD, "fr", MEMBER.user_id) == "fr"
    await desk.preferences.set(GUILD, MODERATOR, "language", "ko", Scope.GUILD)
    assert await desk.preferences.locale(GUILD, "fr", MEMBER.user_id) == "ko"
    await desk.preferences.set(GUILD, MEMBER, "language", "en", Scope.PERSON)
    assert await desk.preferences.locale(GUILD, "fr", MEMBER.user_id) == "en"
    assert await desk.preferences.locale(GUILD, "fr") == "ko"


@pytest.mark.parametrize("setting", [WINDOW_TOKENS, ANSWER_TOKENS])
async def test_the_operators_limit_can_be_lowered_and_not_raised(desk: Desk, setting: Setting[int]) -> None:
    key, ceiling = setting.key, desk.preferences.ceiling(setting)
    with pytest.raises(SettingInvalid):
        await desk.preferences.set(GUILD, MODERATOR, key, str(ceiling + 1), Scope.CHANNEL)
    assert await desk.count("settings") == await desk.count("audit") == 0
    change = await desk.preferences.set(GUILD, MODERATOR, key, str(ceiling), Scope.GUILD)
    assert change.effective == ceiling


async def test_a_value_above_an_operators_new_limit_gives_way(desk: Desk) -> None:
    async with desk.storage.write() as work:
        await work.settings.put(Scope.CHANNEL, 1, "window_tokens", "900000")
    assert await desk.preferences.value(WINDOW_TOKENS, GUILD) == 8_000
    assert desk.preferences.bounds(WINDOW_TOKENS) == (1_000, 8_000) and desk.preferences.bounds(REPLY_TO) is None


async def test_what_a_change_says_is_what_holds(desk: Desk) -> None:
    await desk.preferences.set(GUILD, MODERATOR, "window_tokens", "2,000", Scope.CHANNEL)
    change = await desk.preferences.set(GUILD, MODERATOR, "window_tokens", "4000", Scope.GUILD)
    assert (change.value, change.effective) == (4_000, 2_000), "the channel's own stays nearer"
    assert change.source is Scope.CHANNEL


@pytest.mark.parametrize(
    ("key", "raw"),
    [("reply_to", "nobody"), ("reply_to", ""), ("window_tokens", "many"), ("window_tokens", "999"), ("language", "fr")],
)
async def test_what_is_no_value_changes_nothing(desk: Desk, key: str, raw: str) -> None:
    with pytest.raises(SettingInvalid):
        await desk.preferences.set(GUILD, MODERATOR, key, raw, Scope.GUILD)
    assert await desk.count("settings") == await desk.count("audit") == 0


@pytest.mark.parametrize(
    ("key", "raw", "told"),
    [
        ("answer_tokens", "abc", "“abc” is not a whole number from 64 to 1,000"),
        ("answer_tokens", "5", "“5” is not a whole number from 64 to 1,000"),
        ("answer_tokens", "1001", "“1001” is not a whole number from 64 to 1,000"),
        ("answer_messages", "21", "“21” is not a whole number from 1 to 20"),
        ("reply_to", "nobody", "Choose one of those I suggest"),
    ],
)
async def test_a_refusal_says_what_can_be_set(desk: Desk, key: str, raw: str, told: str) -> None:
    with pytest.raises(SettingInvalid) as refused:
        await desk.preferences.set(GUILD, MODERATOR, key, raw, Scope.CHANNEL)
    assert told in explain(refused.value, words("en"))


async def test_scopes_are_kept(desk: Desk) -> None:
    for key, scope in (("language", Scope.CHANNEL), ("reply_to", Scope.PERSON), ("window_tokens", Scope.OPERATOR)):
        with pytest.raises(SettingScope):
            await desk.preferences.set(GUILD, MODERATOR, key, "default", scope)


@pytest.mark.parametrize("key", ["persona", "no_such_thing", ""])
async def test_what_is_not_listed_cannot_be_set(desk: Desk, key: str) -> None:
    with pytest.raises(SettingUnknown):
        await desk.preferences.set(GUILD, MODERATOR, key, "shipped:tutor", Scope.CHANNEL)


@pytest.mark.parametrize("key", ["reply_to", "persona_use", "language"])
async def test_what_has_no_effect_in_a_direct_message_is_not_offered_there(desk: Desk, key: str) -> None:
    places = (Scope.CHANNEL, Scope.GUILD)
    assert key in dict(await desk.preferences.shown(GUILD, MODERATOR.user_id, places))
    assert key not in dict(await desk.preferences.shown(DIRECT, MODERATOR.user_id, places))
    assert key not in [setting.key for setting in desk.preferences.offered(DIRECT, places)]
    assert "window_tokens" in [setting.key for setting in desk.preferences.offered(DIRECT, places)]


@pytest.mark.parametrize("key", ["reply_to", "persona_use"])
async def test_what_has_no_effect_in_a_direct_message_cannot_be_set_there(desk: Desk, key: str) -> None:
    with pytest.raises(GuildOnly):
        await desk.preferences.set(DIRECT, MODERATOR, key, "default", Scope.CHANNEL)
    assert await desk.count("audit") == 0


async def test_a_direct_message_has_no_guild(desk: Desk) -> None:
    with pytest.raises(GuildOnly):
        await desk.preferences.set(DIRECT, MODERATOR, "reply_to", "mentions", Scope.GUILD)
    await desk.preferences.set(DIRECT, MODERATOR, "window_tokens", "2000", Scope.CHANNEL)
    assert await desk.preferences.value(WINDOW_TOKENS, DIRECT) == 2_000


async def test_what_is_shown_tells_where_it_comes_from(desk: Desk) -> None:
    await desk.preferences.set(GUILD, MODERATOR, "reply_to", "everything", Scope.GUILD)
    shown = dict(await desk.preferences.shown(THREAD, MEMBER.user_id, [Scope.CHANNEL, Scope.GUILD]))
    assert (shown["reply_to"].value, shown["reply_to"].scope) == ("everything", Scope.GUILD)
    assert (shown["window_tokens"].value, shown["window_tokens"].scope) == (8_000, Scope.OPERATOR)
    assert "persona" not in shown
    own = dict(await desk.preferences.shown(THREAD, MEMBER.user_id, [Scope.PERSON]))
    assert set(own) == {"language", "updates", "notice"} and own["language"].scope is None


async def test_a_change_that_cannot_be_audited_is_not_made(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(*arguments: object, **values: object) -> int:
        raise OSError("the disk is full")

    monkeypatch.setattr("bot.storage.audit.Audit.add", refused)
    with pytest.raises(OSError, match="disk"):
        await desk.preferences.set(GUILD, MODERATOR, "reply_to", "everything", Scope.CHANNEL)
    assert await desk.count("settings") == 0
