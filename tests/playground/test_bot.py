"""Stock discord.py against the playground; every body is held against Discord's own description of its API."""

from __future__ import annotations

import io

import discord
import pytest
from discord import app_commands

from playground.entities import Channel, Guild
from playground.errors import Impossible
from playground.limits import Rate
from playground.people import Person
from playground.server import Playground
from tests.playground.bot import Parrot
from tests.playground.conftest import Start


async def test_a_message_is_answered_by_a_reply(
    playground: Playground, general: Channel, ada: Person, parrot: Parrot
) -> None:
    asked = await ada.say(general, "echo hello")
    answer = await playground.next_message(general)
    assert answer.content == "hello"
    assert answer.reference is not None and answer.reference.message_id == asked.id
    assert not answer.mentions.anyone
    assert parrot.heard[0].author.display_name == "Ada"


async def test_a_reply_carries_the_message_it_answers(
    playground: Playground, general: Channel, ada: Person, parrot: Parrot
) -> None:
    first = await ada.say(general, "echo one")
    await ada.say(general, "two", reply_to=await playground.next_message(general, first))
    await parrot.until(lambda: len(parrot.heard) == 2)
    reference = parrot.heard[1].reference
    assert reference is not None and isinstance(reference.resolved, discord.Message)
    assert reference.resolved.content == "one"


async def test_edits_are_kept_with_their_times(
    playground: Playground, general: Channel, ada: Person, parrot: Parrot
) -> None:
    await ada.say(general, "!repeat 3")
    sent = await playground.next_message(general)
    await playground.wait_for(lambda: sent.content == "2")
    assert [version.content for version in sent.versions] == ["0", "1", "2"]
    assert sent.versions[0].elapsed <= sent.versions[1].elapsed
    assert sent.edited_at is not None


async def test_files_are_sent_edited_and_fetched(
    playground: Playground, general: Channel, ada: Person, parrot: Parrot
) -> None:
    await ada.say(general, "!file", files=[("question.txt", b"why?")])
    sent = await playground.next_message(general)
    await playground.wait_for(lambda: len(sent.attachments) == 2)
    assert [file.filename for file in sent.attachments] == ["hello.txt", "two.txt"]
    assert sent.attachments[0].content.decode() == "안녕"
    assert sent.attachments[0].description == "a greeting"
    assert await parrot.heard[0].attachments[0].read() == b"why?"
    assert parrot.heard[0].attachments[0].content_type == "text/plain; charset=utf-8"


async def test_a_long_text_becomes_a_file(general: Channel, ada: Person) -> None:
    said = await ada.say(general, "가" * 2001)
    assert said.content == "" and said.attachments[0].filename == "message.txt"
    assert said.attachments[0].content.decode() == "가" * 2001


async def test_a_thread_opens_on_a_message(
    playground: Playground, general: Channel, ada: Person, parrot: Parrot
) -> None:
    asked = await ada.say(general, "!thread")
    thread = await playground.wait_for(lambda: asked.thread)
    inside = await playground.wait_for(lambda: [each for each in thread.messages if each.content])
    assert thread.id == asked.id and inside[0].content == "in here"
    own = await ada.open_thread(general, "mine")
    await ada.say(own, "echo there")
    answer = await playground.next_message(own)
    assert answer.content == "there"
    await parrot.until(lambda: parrot.has_seen("thread") == ["aside", "mine"])


async def test_direct_messages(playground: Playground, general: Channel, ada: Person, parrot: Parrot) -> None:
    await ada.say(ada.dm(), "echo psst")
    answer = await playground.next_message(ada.dm())
    assert answer.content == "psst"
    user = await parrot.fetch_user(ada.id)
    assert (await user.send("you there?")).channel.id == ada.dm().id


async def test_typing_both_ways(playground: Playground, general: Channel, ada: Person, parrot: Parrot) -> None:
    await ada.type(general)
    await ada.say(general, "!typing")
    await playground.next_message(general)
    assert parrot.has_seen("typing")[0] == ada.id
    assert playground.limits.counters.calls["POST /channels/{channel_id}/typing"] == 1


async def test_reactions_both_ways(playground: Playground, general: Channel, ada: Person, parrot: Parrot) -> None:
    said = await ada.say(general, "!react")
    await ada.react(said, "🎉")
    await playground.wait_for(lambda: "👍" in said.reactions)
    await playground.wait_for(lambda: "👍" not in said.reactions)
    await parrot.until(lambda: ("🎉", ada.id) in parrot.has_seen("reaction"))
    assert [person.id for person in said.reactions["🎉"]] == [ada.id]


async def test_edits_and_deletions_of_people_arrive(
    playground: Playground, general: Channel, ada: Person, parrot: Parrot
) -> None:
    messages = [await ada.say(general, text) for text in ("one", "two", "three")]
    await ada.edit(messages[0], "uno")
    await ada.delete(messages[0])
    playground.world.delete_messages(messages[1:])
    await parrot.until(lambda: bool(parrot.has_seen("bulk delete")))
    assert parrot.has_seen("edit") == ["uno"]
    assert parrot.has_seen("delete") == [messages[0].id]
    assert parrot.has_seen("bulk delete") == [{messages[1].id, messages[2].id}]


async def test_the_bot_deletes_and_reads_history(
    playground: Playground, general: Channel, ada: Person, parrot: Parrot
) -> None:
    await ada.say(general, "!delete")
    await playground.wait_for(lambda: general.sent == 2 and len(general.messages) == 1)
    await ada.say(general, "!history")
    assert (await playground.next_message(general)).content == "!history | !delete"


async def test_a_slash_command_with_every_kind_of_option(
    playground: Playground, general: Channel, ada: Person, parrot: Parrot
) -> None:
    used = await ada.command(general, "parrot", word="hi", times=2, to=ada, paper=("p.txt", b"from paper"), tone="Loud")
    answer = await used.response()
    assert answer.content == "hi hi Ada from paper loud"
    assert not used.private and answer.interaction is used.interaction and answer in general.messages
    [paper] = used.interaction.data["resolved"]["attachments"].values()
    assert paper["ephemeral"] and paper["filename"] == "p.txt"


async def test_what_a_client_would_not_send(
    playground: Playground, general: Channel, ada: Person, parrot: Parrot
) -> None:
    for values in ({}, {"word": "a", "times": 9}, {"word": "a", "volume": 1}, {"word": "a", "tone": "shrill"}):
        with pytest.raises(Impossible):
            await ada.command(general, "parrot", **values)
    with pytest.raises(Impossible):
        await ada.command(general, "parakeet")


async def test_autocompletion_and_translations(
    playground: Playground, general: Channel, ada: Person, parrot: Parrot
) -> None:
    assert await ada.autocomplete(general, "parrot", "word", "ll") == [{"name": "polly", "value": "polly"}]
    command = next(each for each in playground.world.commands.registered(None) if each["name"] == "parrot")
    assert command["name_localizations"] == {"ko": "앵무새"}
    assert command["description_localizations"] == {"ko": "따라합니다"}


async def test_a_promise_is_private_and_fulfilled_by_the_first_follow_up(
    playground: Playground, guild: Guild, general: Channel, ada: Person, parrot: Parrot
) -> None:
    with pytest.raises(Impossible, match="not offered"):
        await ada.command(general, "cage clean")
    playground.world.commands.permit(guild, "cage", ada.id, True)
    used = await ada.command(general, "cage clean")
    first = await used.response()
    await playground.wait_for(lambda: len(used.messages) == 2)
    assert used.private and [each.content for each in used.messages] == ["clean", "and dry"]
    assert first.versions[0].content == "" and first.edited_at is None
    assert first not in general.messages and first in ada.messages(general)


async def test_buttons_selects_and_forms(playground: Playground, general: Channel, ada: Person, parrot: Parrot) -> None:
    await ada.say(general, "!perch")
    perch = await playground.next_message(general)
    form = await (await ada.click(perch, "Name")).form()
    assert form.title == "Name the parrot"
    greeting = await (await ada.submit(form, {"Name": "Polly"})).response()
    assert greeting.content == "Hello Polly" and greeting.private
    chosen = await ada.click(perch, "fruit", "Apple")
    await chosen.response()
    await playground.wait_for(lambda: perch.content == "ate a")
    fed = await (await ada.click(perch, "feed")).response()
    assert fed is perch and perch.content == "fed" and not perch.components


async def test_a_message_menu(playground: Playground, general: Channel, ada: Person, parrot: Parrot) -> None:
    said = await ada.say(general, "wise words")
    used = await ada.menu(said, "Quote")
    assert (await used.response()).content == "> wise words"
    assert used.private


async def test_a_cut_connection_resumes_without_loss(
    playground: Playground, general: Channel, ada: Person, parrot: Parrot
) -> None:
    await ada.say(general, "echo before")
    await playground.next_message(general)
    playground.sessions.cut()
    await playground.wait_for(lambda: not playground.online)
    for number in range(5):
        await ada.say(general, f"missed {number}")
    await ada.say(general, "echo after")
    assert (await playground.next_message(general)).content == "after"
    assert [message.content for message in parrot.heard[1:6]] == [f"missed {number}" for number in range(5)]
    await parrot.until(lambda: bool(parrot.has_seen("resumed")))
    assert len(parrot.has_seen("resumed")) == 1


async def test_asked_to_reconnect_it_resumes_and_invalidated_it_begins_anew(
    playground: Playground, general: Channel, ada: Person, parrot: Parrot
) -> None:
    playground.sessions.ask_to_reconnect()
    await playground.wait_for(lambda: not playground.online)
    await playground.ready()
    before = [session.id for session in playground.sessions.connected]
    playground.sessions.invalidate()
    await playground.wait_for(lambda: playground.online and playground.sessions.connected[0].id not in before, 15)
    await ada.say(general, "echo still here")
    assert (await playground.next_message(general)).content == "still here"


async def test_a_bot_restarts_in_the_same_world(
    playground: Playground, general: Channel, ada: Person, start: Start
) -> None:
    async with start():
        await ada.say(general, "echo first")
        await playground.next_message(general)
    assert not playground.online
    await ada.say(general, "unheard")
    async with start() as second:
        await ada.say(general, "echo second")
        assert (await playground.next_message(general)).content == "second"
        assert [message.content for message in second.heard] == ["echo second"]


async def test_shards_share_the_guilds(
    playground: Playground, general: Channel, ada: Person, guild: Guild, start: Start
) -> None:
    others = [playground.add_guild(f"Garden {number}") for number in range(3)]
    async with start(shard_count=2) as bot:
        await bot.until(lambda: len(bot.guilds) == 4)
        assert {each.id: each.shard_id for each in bot.guilds} == {
            each.id: (each.id >> 22) % 2 for each in (guild, *others)
        }
        await ada.say(ada.dm(), "echo direct")
        await ada.say(general, "echo public")
        assert (await playground.next_message(ada.dm())).content == "direct"
        assert (await playground.next_message(general)).content == "public"


async def test_without_the_intent_content_is_withheld(
    playground: Playground, general: Channel, ada: Person, start: Start
) -> None:
    intents = discord.Intents.default()
    async with start(intents=intents) as bot:
        await ada.say(general, "secret", files=[("a.txt", b"a")])
        await ada.say(general, f"{playground.bot_mention} for you")
        await ada.say(ada.dm(), "echo in private")
        own = await playground.next_message(ada.dm())
        await ada.say(ada.dm(), "again", reply_to=own)
        await bot.until(lambda: len(bot.heard) == 4)
    contents = [(message.content, len(message.attachments)) for message in bot.heard]
    assert contents == [("", 0), (f"{playground.bot_mention} for you", 0), ("echo in private", 0), ("again", 0)]


async def test_discord_py_waits_where_a_route_is_limited(
    playground: Playground, general: Channel, ada: Person, parrot: Parrot
) -> None:
    playground.limits.set_rate("message.edit", Rate(2, 0.2))
    await ada.say(general, "!repeat 6")
    sent = await playground.next_message(general)
    await playground.wait_for(lambda: sent.content == "5")
    assert sent.versions[-1].elapsed - sent.versions[0].elapsed > 0.35


async def test_discord_py_repeats_what_the_global_limit_refused(
    playground: Playground, general: Channel, ada: Person, parrot: Parrot
) -> None:
    playground.limits.set_rate("global", Rate(3, 0.3))
    await ada.say(general, "!repeat 5")
    sent = await playground.next_message(general)
    await playground.wait_for(lambda: sent.content == "4")
    assert playground.limits.counters.scopes["global"] >= 1


async def test_options_and_selects_are_for_every_kind_of_channel(
    playground: Playground, general: Channel, ada: Person, parrot: Parrot
) -> None:
    """The library names media channels (16) with each of these."""

    @app_commands.command(description="Finds a channel")
    async def find(
        interaction: discord.Interaction,
        forum: discord.ForumChannel,
        any: discord.abc.GuildChannel,
        other: app_commands.AppCommandChannel,
    ) -> None:
        view = discord.ui.View()
        view.add_item(discord.ui.ChannelSelect(channel_types=[discord.ChannelType.media]))
        await interaction.response.send_message("where?", view=view)

    parrot.tree.add_command(find)
    [synced] = [command for command in await parrot.tree.sync() if command.name == "find"]
    kinds = [option.channel_types for option in synced.options if isinstance(option, app_commands.Argument)]
    assert kinds[0] == [discord.ChannelType.forum, discord.ChannelType.media]
    forum = playground.add_channel(general.guild, "beds", "forum")  # type: ignore[arg-type]
    found = await ada.command(general, "find", forum=forum, any=general, other=general)
    [shown] = (await found.response()).components
    assert shown["components"][0]["channel_types"] == [16]


async def test_components_show_files_of_any_name(playground: Playground, general: Channel, parrot: Parrot) -> None:
    picture, note = (discord.File(io.BytesIO(b"a"), name) for name in ("kor 한.png", "weird name.txt"))
    gallery: discord.ui.MediaGallery[discord.ui.LayoutView] = discord.ui.MediaGallery(discord.MediaGalleryItem(picture))
    view = discord.ui.LayoutView().add_item(gallery).add_item(discord.ui.File(note))
    await parrot.until(lambda: parrot.get_channel(general.id) is not None)
    place = parrot.get_channel(general.id)
    assert isinstance(place, discord.TextChannel)
    sent = await place.send(view=view, files=[picture, note])
    shown, file = sent.components
    assert isinstance(shown, discord.MediaGalleryComponent) and isinstance(file, discord.FileComponent)
    assert "/kor_.png?" in shown.items[0].media.url and file.name == "weird_name.txt"
