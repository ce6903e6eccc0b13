"""Another bot on stock discord.py: what it is told, what it may do, and what comes of it."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import discord
import pytest
import yarl

from bot.clock import ManualClock
from playground import permissions
from playground.entities import Channel, Guild
from playground.errors import ApiError, Impossible
from playground.people import Person
from playground.previews import Page
from playground.server import Playground
from playground.waiting import PATIENCE
from tests.playground.keeper import Keeper

UNHURRIED = dict.fromkeys(("reaction", "message.create", "message.edit", "message.delete", "interaction.webhook"))


@pytest.fixture
async def playground() -> AsyncIterator[Playground]:
    async with Playground(preview_seconds=0.02, answer_seconds=PATIENCE, rates=UNHURRIED) as playground:
        yield playground


@pytest.fixture
def guild(playground: Playground) -> Guild:
    guild = playground.add_guild("Garden", "ko")
    playground.grant_bot(guild, ["manage_messages", "manage_threads", "manage_channels"])
    return guild


@pytest.fixture
async def keeper(playground: Playground, general: Channel, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Keeper]:
    async with _started(playground, monkeypatch) as keeper:
        yield keeper


@asynccontextmanager
async def _started(playground: Playground, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Keeper]:
    monkeypatch.setattr(discord.http.Route, "BASE", playground.api_url)
    gateway = yarl.URL(playground.url.replace("http", "ws") + "/gateway")
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", gateway)
    intents = discord.Intents.default()
    intents.message_content = intents.members = True
    keeper = Keeper(intents=intents)
    async with keeper.running(playground.token):
        await playground.ready()
        await keeper.until(lambda: keeper.heard("ready"))
        yield keeper


async def text_channel(keeper: Keeper, channel: Channel) -> discord.TextChannel:
    await keeper.until(lambda: keeper.get_channel(channel.id))
    found = keeper.get_channel(channel.id)
    assert isinstance(found, discord.TextChannel)
    return found


async def test_a_forum_post_of_the_bot(playground: Playground, guild: Guild, keeper: Keeper) -> None:
    beds = playground.add_channel(guild, "beds", "forum", tags=["Question", "Solved"])
    await keeper.until(lambda: keeper.get_channel(beds.id))
    forum = keeper.get_channel(beds.id)
    assert isinstance(forum, discord.ForumChannel)
    tag = next(tag for tag in forum.available_tags if tag.name == "Question")
    file = discord.File(io.BytesIO(b"soil"), "soil.txt")
    thread, first = await forum.create_thread(name="Roses", content="why so red?", applied_tags=[tag], file=file)
    post = playground.world.channels[thread.id]
    assert thread.id == first.id == post.messages[0].id and thread.parent == forum
    assert post.messages[0].content == "why so red?" and post.messages[0].attachments[0].content == b"soil"
    assert [each.name for each in thread.applied_tags] == ["Question"]
    await thread.edit(applied_tags=[each for each in forum.available_tags if each.name == "Solved"], archived=True)
    assert post.archived and [each.name for each in beds.tags if each.id in post.applied_tags] == ["Solved"]
    assert [each.id async for each in forum.archived_threads()] == [thread.id]


async def test_a_forum_post_of_a_person(playground: Playground, guild: Guild, ada: Person, keeper: Keeper) -> None:
    beds = playground.add_channel(guild, "beds", "forum", tags=["Question"])
    post = await ada.post(beds, "Slugs", "everywhere", tags=["Question"])
    await keeper.until(lambda: keeper.heard("message"))
    heard = keeper.heard("message")[-1]
    assert heard.content == "everywhere" and heard.id == heard.channel.id == post.id
    assert isinstance(heard.channel, discord.Thread) and isinstance(heard.channel.parent, discord.ForumChannel)
    assert [tag.name for tag in heard.channel.applied_tags] == ["Question"]
    await heard.reply("use copper")
    assert post.messages[-1].content == "use copper"


async def test_threads_are_joined_left_archived_and_locked(
    playground: Playground, guild: Guild, general: Channel, ada: Person, keeper: Keeper
) -> None:
    thread = await (await text_channel(keeper, general)).create_thread(
        name="aside", type=discord.ChannelType.public_thread
    )
    made = playground.world.channels[thread.id]
    await thread.add_user(discord.Object(ada.id))
    await keeper.until(lambda: keeper.heard("thread_member_join"))
    assert keeper.heard("thread_member_join")[0].id == ada.id and ada.id in made.thread_members
    assert {member.id for member in await thread.fetch_members()} == {ada.id, playground.bot_user_id}
    await thread.remove_user(discord.Object(ada.id))
    assert ada.id not in made.thread_members
    sent = await thread.send("before")
    await thread.edit(archived=True, locked=True)
    await keeper.until(lambda: keeper.heard("thread_update"))
    with pytest.raises(discord.HTTPException) as refused:
        await sent.edit(content="after")
    assert refused.value.code == 50083
    with pytest.raises(ApiError, match="50083"):
        await ada.say(made, "may I?")
    await thread.send("the bot manages threads, so this opens it")
    assert not made.archived and made.locked


async def test_a_private_thread_appears_when_one_is_added(
    playground: Playground, guild: Guild, general: Channel, ada: Person, keeper: Keeper
) -> None:
    # Managing threads shows them all.
    moderator = next(role for role in guild.roles.values() if role.permissions & permissions.MANAGE_THREADS)
    playground.world.set_permissions(guild, moderator, 0)
    thread = await ada.open_thread(general, "secret", private=True)
    await ada.say(thread, "unheard")
    playground.world.join_thread(thread, playground.world.bot)
    await keeper.until(lambda: keeper.heard("thread_join"))
    assert keeper.heard("thread_join")[0].name == "secret"
    await ada.say(thread, "heard")
    await keeper.until(lambda: [message.content for message in keeper.heard("message")] == ["heard"])


async def test_direct_conversations(ada: Person, keeper: Keeper) -> None:
    user = await keeper.fetch_user(ada.id)
    sent = await user.send("hello")
    assert ada.dm().messages[0].content == "hello" and isinstance(sent.channel, discord.DMChannel)
    await ada.say(ada.dm(), "hi", reply_to=ada.dm().messages[0])
    await keeper.until(lambda: len(keeper.heard("message")) == 2)
    heard = keeper.heard("message")[1]
    assert heard.author.id == ada.id
    assert heard.guild is None and heard.reference.resolved.content == "hello"


async def test_messages_are_replied_to_changed_and_deleted(general: Channel, ada: Person, keeper: Keeper) -> None:
    said = await ada.say(general, "first")
    await keeper.until(lambda: keeper.heard("message"))
    reply = await keeper.heard("message")[0].reply("second", mention_author=True)
    answer = general.messages[-1]
    assert answer.reference is not None and answer.reference.message_id == said.id
    assert answer.mentions.users == (ada.user,)
    changed = await reply.edit(content="changed")
    assert changed.edited_at is not None and answer.content == "changed"
    await reply.delete()
    assert [message.content for message in general.messages] == ["first"] and answer.deleted_at is not None


async def test_many_are_deleted_at_once(general: Channel, ada: Person, keeper: Keeper) -> None:
    channel = await text_channel(keeper, general)
    for number in range(5):
        await ada.say(general, str(number))
    purged = await channel.purge(limit=3)
    assert [message.content for message in general.messages] == ["0", "1"]
    await keeper.until(lambda: keeper.heard("raw_bulk_message_delete"))
    assert keeper.heard("raw_bulk_message_delete")[0].message_ids == {message.id for message in purged}


async def test_reactions_come_and_go_in_every_way(
    playground: Playground, general: Channel, ada: Person, keeper: Keeper
) -> None:
    said = await ada.say(general, "flowers")
    await keeper.until(lambda: keeper.heard("message"))
    message = keeper.heard("message")[0]
    for emoji in ("🌹", "🌻", "🌷"):
        await ada.react(said, emoji)
        await message.add_reaction(emoji)
    fresh = await message.fetch()
    assert [(str(each.emoji), each.count, each.me) for each in fresh.reactions] == [(e, 2, True) for e in "🌹🌻🌷"]
    assert {user.id async for user in fresh.reactions[0].users()} == {ada.id, playground.bot_user_id}
    await message.remove_reaction("🌹", discord.Object(ada.id))
    await message.remove_reaction("🌹", discord.Object(playground.bot_user_id))
    assert list(said.reactions) == ["🌻", "🌷"]
    await message.clear_reaction("🌻")
    assert list(said.reactions) == ["🌷"]
    await message.clear_reactions()
    assert not said.reactions
    await keeper.until(lambda: keeper.heard("raw_reaction_clear"))
    assert str(keeper.heard("raw_reaction_clear_emoji")[0].emoji) == "🌻"
    assert len(keeper.heard("raw_reaction_remove")) == 2


async def test_typing_is_told_both_ways(playground: Playground, general: Channel, ada: Person, keeper: Keeper) -> None:
    await ada.type(general)
    await keeper.until(lambda: keeper.heard("raw_typing"))
    async with (await text_channel(keeper, general)).typing():
        pass
    assert playground.limits.counters.calls["POST /channels/{channel_id}/typing"] == 1


async def test_the_same_nonce_sends_once(general: Channel, keeper: Keeper) -> None:
    channel = await text_channel(keeper, general)
    first = await channel.send("once", nonce="bed-7")
    again = await channel.send("once", nonce="bed-7")
    assert first.id == again.id and len(general.messages) == 1


async def test_pings_are_what_was_allowed(
    playground: Playground, guild: Guild, general: Channel, ada: Person, keeper: Keeper
) -> None:
    role = playground.world.add_role(guild, "Gardeners", mentionable=True)
    text = f"{ada.mention} <@&{role.id}> @everyone"
    channel = await text_channel(keeper, general)
    await channel.send(text, allowed_mentions=discord.AllowedMentions.none())
    await channel.send(text, allowed_mentions=discord.AllowedMentions(users=True, roles=False, everyone=False))
    await channel.send(text)
    pings = [(len(each.mentions.users), len(each.mentions.roles), each.mentions.everyone) for each in general.messages]
    assert pings == [(0, 0, False), (1, 0, False), (1, 1, True)]


async def test_a_link_gets_its_preview_without_being_edited(general: Channel, ada: Person, keeper: Keeper) -> None:
    said = await ada.say(general, "see https://example.com/roses")
    await keeper.until(lambda: keeper.heard("message"))
    assert not keeper.heard("message")[0].embeds
    await keeper.until(lambda: keeper.heard("raw_message_edit"))
    shown = keeper.heard("raw_message_edit")[0].message
    assert shown.id == said.id and shown.edited_at is None
    assert [embed.url for embed in shown.embeds] == ["https://example.com/roses"]
    sent = await (await text_channel(keeper, general)).send("https://example.com")
    await keeper.until(lambda: len(keeper.heard("raw_message_edit")) == 2)
    await sent.edit(suppress=True)
    assert (await sent.fetch()).embeds == []


async def test_subcommands_with_choices_ranges_and_translations(
    playground: Playground, guild: Guild, general: Channel, ada: Person, keeper: Keeper
) -> None:
    await playground.registered("garden")
    used = await ada.command(general, "garden bed plant", name="daisy", kind="Rose", depth=0.5)
    assert (await used.response()).content == "daisy 7 0.5 en-US ko"
    with pytest.raises(Impossible, match="depth"):
        await ada.command(general, "garden bed plant", name="daisy", kind="Rose", depth=3)
    assert (await (await ada.command(general, "garden tidy")).response()).content == "tidy"
    minjun = playground.add_person("민준", "ko")
    playground.join(minjun, guild)
    translated = await minjun.command(general, "garden bed plant", name="daisy", kind="장미", depth=1)
    assert (await translated.response()).content == "daisy 7 1.0 ko ko"
    offered = playground.world.commands.find("garden bed plant", general)
    assert offered is not None and offered.path[-1]["name_localizations"]["ko"] == "심기"
    assert offered.path[-1]["description_localizations"]["ko"] == "무언가를 심습니다"


async def test_completion(playground: Playground, general: Channel, ada: Person, keeper: Keeper) -> None:
    await playground.registered("garden")
    choices = await ada.autocomplete(general, "garden bed plant", "name", "da")
    assert choices == [{"name": "Daisy", "value": "daisy"}, {"name": "Dahlia", "value": "dahlia"}]


async def test_options_of_every_kind(
    playground: Playground, guild: Guild, general: Channel, ada: Person, keeper: Keeper
) -> None:
    await playground.registered("describe")
    role = playground.world.add_role(guild, "Gardeners")
    used = await ada.command(
        general,
        "describe",
        text="soil",
        whole=3,
        decimal=1.5,
        yes=True,
        person=ada,
        role=role,
        place=general,
        anyone=role,
        paper=("p.txt", b"plan"),
    )
    told = (await used.response()).content
    assert told == "soil | 3 | 1.5 | True | Ada | Gardeners | general | Gardeners | plan"


async def test_menus_of_messages_and_people(
    playground: Playground, general: Channel, ada: Person, keeper: Keeper
) -> None:
    await playground.registered("Weigh")
    said = await ada.say(general, "seven")
    weighed = await ada.menu(said, "Weigh")
    assert (await weighed.response()).content == "5 letters" and weighed.private
    greeted = await ada.menu(ada.user, "Greet", general)
    assert (await greeted.response()).content == "Hello Ada"


async def test_buttons_a_select_and_a_form(
    playground: Playground, general: Channel, ada: Person, keeper: Keeper
) -> None:
    await playground.registered("panel")
    panel = await (await ada.command(general, "panel")).response()
    chosen = await ada.click(panel, "tools", "Spade", "Rake")
    assert (await chosen.response()).content == "tools s r" and chosen.private
    form = await (await ada.click(panel, "Order")).form()
    ordered = await ada.submit(form, {"What": "tulips", "Size": "Large", "Plan": [("plan.txt", b"by the wall")]})
    assert (await ordered.response()).content == "Large tulips ['by the wall']"
    await (await ada.click(panel, "Water")).response()
    assert panel.content == "watered"
    for button in ("Water", "Manual"):
        with pytest.raises(Impossible, match=button):
            await ada.click(panel, button)


@pytest.mark.parametrize(
    ("which", "told"),
    [("user", "Member:ada"), ("role", "Role:Gardeners"), ("channel", "AppCommandChannel:general")],
)
async def test_selects_that_discord_fills(
    playground: Playground, guild: Guild, general: Channel, ada: Person, keeper: Keeper, which: str, told: str
) -> None:
    await playground.registered("pickers")
    role = playground.world.add_role(guild, "Gardeners")
    shown = await (await ada.command(general, "pickers")).response()
    values = {"user": ada, "role": role, "channel": general}
    assert (await (await ada.click(shown, which, values[which])).response()).content == told
    anyone = await ada.click(shown, "anyone", ada, role)
    assert (await anyone.response()).content == "Member:ada Role:Gardeners"


async def test_promises_and_what_follows_them(
    playground: Playground, guild: Guild, general: Channel, ada: Person, keeper: Keeper
) -> None:
    await playground.registered("slowly")
    used = await ada.command(general, "slowly")
    await playground.wait_for(lambda: len(used.messages) == 3 and general.sent == 3)
    await playground.wait_for(lambda: used.messages[1].content == "second, changed")
    grace = playground.add_person("Grace")
    playground.join(grace, guild)
    assert [message.content for message in ada.messages(general)] == ["first", "second, changed", "for you alone"]
    assert [message.content for message in grace.messages(general)] == ["first", "second, changed"]


@pytest.fixture
async def patient(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Playground, ManualClock, Person, Channel]]:
    """Discord's time stands still unless it is moved."""
    clock = ManualClock()
    async with Playground(clock=clock, rates=UNHURRIED, pages={"example.com": Page(title="x")}) as playground:
        guild = playground.add_guild("Garden")
        general = playground.add_channel(guild, "general")
        ada = playground.add_person("Ada")
        playground.join(ada, guild)
        yield playground, clock, ada, general


async def test_the_three_seconds_and_the_fifteen_minutes(
    patient: tuple[Playground, ManualClock, Person, Channel], monkeypatch: pytest.MonkeyPatch
) -> None:
    playground, clock, ada, general = patient
    async with _started(playground, monkeypatch) as keeper:
        await playground.registered("silent")
        unanswered = await ada.command(general, "silent")
        await keeper.until(lambda: keeper.heard("interaction"))
        await clock.advance(2.9)
        assert not unanswered.failed
        await clock.advance(0.2)
        assert unanswered.failed
        with pytest.raises(discord.NotFound) as late:
            await keeper.heard("interaction")[0].response.send_message("too late")
        assert late.value.code == 10062

        promised = await ada.command(general, "later")
        await promised.answered()
        asked = keeper.heard("interaction")[1]
        await clock.advance(14 * 60)
        assert (await asked.edit_original_response(content="in time")).content == "in time"
        with pytest.raises(discord.InteractionResponded):
            await asked.response.send_message("twice")
        await clock.advance(2 * 60)
        with pytest.raises(discord.HTTPException) as expired:
            await asked.followup.send("late")
        assert expired.value.code == 50027


async def test_links_to_files_expire_and_are_renewed(
    patient: tuple[Playground, ManualClock, Person, Channel], monkeypatch: pytest.MonkeyPatch
) -> None:
    playground, clock, ada, general = patient
    async with _started(playground, monkeypatch) as keeper:
        await ada.say(general, "", files=[("seeds.txt", b"seeds")])
        await keeper.until(lambda: keeper.heard("message"))
        message = keeper.heard("message")[0]
        assert await message.attachments[0].read() == b"seeds"
        await clock.advance(24 * 3600 + 1)
        with pytest.raises(discord.NotFound):
            await message.attachments[0].read()
        assert await (await message.fetch()).attachments[0].read() == b"seeds"
