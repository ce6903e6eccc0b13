"""The side: servers, channels, threads and forums, what waits there unread, and the page's colours."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.by import By

from playground import permissions
from playground.api import feed
from playground.entities import Channel, Guild, Overwrite
from playground.people import Person
from tests.page.screen import Screen
from tests.page.stage import Stage

pytestmark = pytest.mark.browser


def test_what_was_said_elsewhere_is_marked_until_it_is_read(screen: Screen, stage: Stage) -> None:
    channel, grace = stage.channel("elsewhere"), stage.person("Grace")
    screen.enter("Ada", "general")

    def states() -> str:
        [button] = [each for each in screen.all("#channels button") if "elsewhere" in each.text]
        return button.get_attribute("aria-label") or ""

    stage.run(grace.say(channel, "anyone here?"))
    screen.wait(lambda: states() == "elsewhere, unread")
    stage.run(grace.say(channel, f"<@{stage.person('Ada').user.id}>, you?"))
    screen.wait(lambda: states() == "elsewhere, 1 unread for you")
    assert screen.one("#servers .count").text == "1"
    screen.go("elsewhere")
    screen.message("you?", ".mentioned")
    assert states() == "elsewhere" and not screen.all("#servers .count")


def test_the_place_one_is_in_is_renamed(screen: Screen, stage: Stage) -> None:
    channel = stage.channel("first-name")
    screen.enter("Ada", "first-name")
    screen.type("half a line")

    async def rename() -> None:
        channel.name, channel.topic = "second-name", "what it is for now"
        stage.playground.world.channel_changed(channel)

    stage.run(rename())
    screen.wait(lambda: screen.place == "# second-name")
    assert screen.one("#place-topic").get_attribute("textContent") == "what it is for now"
    assert screen.line.get_attribute("placeholder") == "Message # second-name"
    assert screen.line.get_attribute("value") == "half a line"
    screen.line.clear()


def test_a_second_server_is_entered_and_left(screen: Screen, stage: Stage) -> None:
    async def found() -> None:
        guild = stage.playground.add_guild("Reading Circle")
        stage.playground.add_channel(guild, "books")
        stage.playground.join(stage.person("Ada"), guild)

    if not any(guild.name == "Reading Circle" for guild in stage.playground.world.guilds.values()):
        stage.run(found())
    screen.enter("Ada", "general")
    rail = screen.wait(lambda: screen.all("#servers button") if len(screen.all("#servers button")) == 3 else None)
    assert [each.accessible_name for each in rail] == ["Direct messages", "Playground", "Reading Circle"]
    rail[2].click()
    screen.wait(lambda: screen.place == "# books")
    assert [each.text for each in screen.all("#channels button")] == ["books"]
    screen.all("#servers button")[1].click()
    screen.wait(lambda: screen.place == "# general")
    screen.become("Grace")
    screen.wait(lambda: len(screen.all("#servers button")) == 2)


def test_a_forum_shows_its_posts(screen: Screen, stage: Stage) -> None:
    forum = stage.forum("answers")
    screen.enter("Ada", "answers")
    assert "no posts yet" in screen.one("#log").text and "conversation of their own" in screen.one("#log").text
    assert not screen.one("#composer").is_displayed()
    screen.one("#post-title").send_keys("half a title")
    grace = stage.person("Grace")
    post = stage.run(grace.post(forum, "How do I begin?", "Where is the door?"))
    [shown] = screen.wait(lambda: screen.all("#log .post"))
    screen.wait(lambda: "1 message" in screen.one("#log .post").text)
    assert "How do I begin?" in shown.text and "Grace" in shown.text
    stage.run(grace.say(post, "Found it."))
    screen.wait(lambda: "2 messages" in screen.one("#log .post").text)
    stage.run(grace.delete(post.messages[-1]))
    screen.wait(lambda: "1 message" in screen.one("#log .post").text)
    assert screen.one("#post-title").get_attribute("value") == "half a title"
    assert "How do I begin?" in screen.one("#channels").text
    screen.one("#log .post").click()
    screen.wait(lambda: screen.place == "How do I begin?")
    assert screen.one("#composer").is_displayed()
    screen.message("Where is the door?")


def test_a_post_is_written_and_the_bot_answers_in_it(screen: Screen) -> None:
    screen.enter("Ada", "questions-질문")
    if screen.one(".new-post").get_attribute("open") is None:
        screen.one(".new-post summary").click()
    screen.one("#post-title").send_keys("Why are roses red?")
    screen.one("#post-text").send_keys("@Causerie why red?")
    screen.button("Post", screen.one(".new-post form")).click()
    screen.wait(lambda: screen.place == "Why are roses red?")
    screen.message("You said: why red?")
    assert screen.one("#place-topic").text.startswith("Mention @Causerie")
    screen.go("questions-질문")
    assert "Ada" in screen.wait(lambda: screen.one("#log .post")).text
    screen.become("민준")
    screen.go("questions-질문")
    screen.wait(lambda: "새 글" in screen.one(".new-post").text)
    assert "메시지 2개" in screen.one("#log .post").text


def test_a_post_carries_tags_where_the_forum_asks_for_one(screen: Screen, stage: Stage) -> None:
    async def found() -> None:
        guild = next(iter(stage.playground.world.guilds.values()))
        if not any(channel.name == "garden" for channel in guild.channels.values()):
            stage.playground.add_channel(guild, "garden", "forum", tags=["Soil", "Seeds"], tag_required=True)

    stage.run(found())
    screen.enter("Ada", "garden")
    screen.one("#post-title").send_keys("Which earth?")
    screen.one("#post-text").send_keys("For roses.")
    post = screen.button("Post", screen.one(".new-post form"))
    post.click()
    screen.wait(lambda: "tag is required" in screen.one("#notices").text)
    screen.driver.get_log("browser")  # type: ignore[no-untyped-call]
    screen.one(".new-post input[value=Soil]").click()
    post.click()
    screen.wait(lambda: screen.place == "Which earth?")
    screen.go("garden")
    assert screen.wait(lambda: screen.one("#log .post .tag")).text == "Soil"


def test_the_colours_are_chosen_and_remembered(screen: Screen) -> None:
    screen.enter("Ada", "general")

    def ground() -> str:
        return screen.one("body").value_of_css_property("background-color")

    before = ground()
    screen.one("#theme").click()
    assert screen.one("#theme").accessible_name == "Colours: dark"
    dark = ground()
    assert dark != before
    screen.enter("Ada", "general")
    assert ground() == dark
    screen.one("#theme").click()
    assert screen.one("#theme").accessible_name == "Colours: light" and ground() == before
    screen.one("#theme").click()
    assert screen.one("html").get_attribute("data-theme") is None


def test_how_to_begin_is_said_once(screen: Screen, stage: Stage) -> None:
    channel = stage.channel("untouched")
    screen.enter("Ada", "untouched")
    hint = "Mention @Causerie, or type / for its commands."
    assert screen.one("main").text.count(hint) == 1 and hint in screen.one("#log").text
    stage.run(stage.person("Grace").say(channel, "first"))
    screen.message("first")
    assert screen.one("#place-topic").text == hint and hint not in screen.one("#log").text


def test_where_one_may_not_write_the_line_says_so(screen: Screen, stage: Stage) -> None:
    async def silence() -> None:
        world = stage.playground.world
        guild = next(iter(world.guilds.values()))
        world.add_channel(guild, "news-only", overwrites=[Overwrite(id=guild.id, deny=permissions.SEND_MESSAGES)])

    stage.run(silence())
    screen.enter("Ada", "news-only")
    assert not screen.line.is_enabled()
    assert screen.line.get_attribute("placeholder") == "You cannot write in # news-only"


def test_a_place_that_is_hidden_is_left_and_that_is_told(screen: Screen, stage: Stage) -> None:
    channel = stage.channel("closing")
    stage.run(stage.person("Grace").say(channel, "not for long"))
    screen.enter("Ada", "closing")
    screen.message("not for long")
    hidden = [Overwrite(id=channel.guild_id or 0, deny=permissions.VIEW_CHANNEL)]

    async def overwrite(overwrites: list[Overwrite]) -> None:
        stage.playground.world.set_overwrites(channel, overwrites)

    def shown() -> bool:
        return "closing" in screen.one("#channels").text

    stage.run(overwrite(hidden))
    screen.wait(lambda: screen.place == "# general" and not shown())
    assert "You can no longer see # closing." in screen.one("#notices").text
    screen.wait(lambda: "not for long" not in screen.one("#log").text)
    screen.shoot("hidden")
    stage.run(overwrite([]))
    screen.wait(shown)
    # Hidden without a word, so that only the answer to who enters tells it.
    channel.overwrites = hidden
    screen.button("closing", screen.one("#channels")).click()
    screen.wait(lambda: screen.place == "# general" and not shown())
    assert screen.one("#notices").text.count("closing") == 1, "told anew, and nothing beside it"
    refused = [entry["message"] for entry in screen.driver.get_log("browser")]  # type: ignore[no-untyped-call]
    assert len(refused) == 2 and all("403" in each and str(channel.id) in each for each in refused)


def test_a_link_to_a_place_that_is_hidden_says_so(screen: Screen, stage: Stage) -> None:
    secret = stage.channel("secret")
    secret.overwrites = [Overwrite(id=secret.guild_id or 0, deny=permissions.VIEW_CHANNEL)]
    screen.enter("Ada", "general")
    own = screen.driver.current_url
    hidden = own.rpartition("=")[0] + f"={secret.id}"
    for follow in (f"location.replace('{hidden}')", f"location.replace('{hidden}'); location.reload()"):
        screen.driver.execute_script(follow)
        screen.wait(lambda: "You cannot see the place of this link." in screen.one("#notices").text)
        screen.wait(lambda: screen.place == "# general" and screen.driver.current_url == own)
        assert "secret" not in screen.one("body").text
        screen.button("Dismiss", screen.one("#notices")).click()
        assert not screen.one("#notices").text


def test_a_place_that_was_hidden_while_the_page_was_cut_off_is_named(screen: Screen, stage: Stage) -> None:
    channel = stage.channel("ended")
    screen.enter("민준", "ended")
    channel.overwrites = [Overwrite(id=channel.guild_id or 0, deny=permissions.VIEW_CHANNEL)]
    stage.run(feed.close(stage.playground.app))
    screen.wait(lambda: screen.place == "# general")
    assert "이제 # ended를 볼 수 없습니다." in screen.one("#notices").text


def test_a_thread_is_hidden_with_its_channel(screen: Screen, stage: Stage) -> None:
    channel = stage.channel("above")
    stage.run(stage.person("Ada").open_thread(channel, "below"))
    screen.enter("민준", "above")
    screen.button("below", screen.one("#channels")).click()
    screen.wait(lambda: screen.place == "below" and "below의 시작입니다" in screen.one("#log").text)

    async def hide() -> None:
        hidden = [Overwrite(id=channel.guild_id or 0, deny=permissions.VIEW_CHANNEL)]
        stage.playground.world.set_overwrites(channel, hidden)

    stage.run(hide())
    screen.wait(lambda: screen.place == "# general")
    assert "이제 below를 볼 수 없습니다." in screen.one("#notices").text
    screen.shoot("hidden-korean")


def test_a_server_that_is_left_is_left_by_the_page_too(screen: Screen, stage: Stage) -> None:
    async def found() -> Channel:
        guild = stage.playground.add_guild("Passing")
        stage.playground.join(stage.person("Ada"), guild)
        return stage.playground.add_channel(guild, "passage")

    async def leave(guild: Guild) -> None:
        stage.playground.world.remove_guild(guild)

    channel = stage.run(found())
    assert channel.guild is not None
    screen.enter("Ada", "passage")
    stage.run(leave(channel.guild))
    screen.wait(lambda: screen.place == "# general")
    assert "You can no longer see # passage." in screen.one("#notices").text


def test_a_link_to_a_message_of_this_world_leads_to_it(screen: Screen, stage: Stage) -> None:
    target, place = stage.channel("linked-to"), stage.channel("linked-from")
    stage.run(_say(stage.person("Grace"), target, 150))
    base = f"https://discord.com/channels/{target.guild_id}/{target.id}"
    button = {"type": 2, "style": 5, "label": "The place", "url": base}
    text = f"[the message]({base}/{target.messages[2].id}) [gone]({base}/{int(target.messages[2].id) + 1})"
    said = {"content": text, "components": [{"type": 1, "components": [button]}]}
    stage.bot("POST", f"/channels/{place.id}/messages", said)
    screen.enter("Ada", "linked-from")
    windows = screen.driver.window_handles

    def follow(link: str) -> None:
        screen.go("linked-from")
        screen.message("the message").find_element(By.PARTIAL_LINK_TEXT, link).click()
        screen.wait(lambda: screen.place == "# linked-to")

    follow("the message")
    screen.wait(lambda: "line 2" in screen.driver.switch_to.active_element.text.splitlines())
    screen.wait(lambda: "flash" in str(screen.driver.switch_to.active_element.get_attribute("class")))
    follow("gone")
    screen.message("line 149")
    follow("The place")
    assert screen.driver.window_handles == windows


async def _say(person: Person, channel: Channel, count: int) -> None:
    for number in range(count):
        await person.say(channel, f"line {number}")


ELSEWHERE = [
    "https://discord.com/channels/1/{channel}",
    "https://discord.com/channels/@me/{channel}",
    "https://discord.com/channels/{guild}/1/2",
    "https://discord.com/developers/docs",
    "https://discord.example/channels/{guild}/{channel}",
]


def test_a_link_to_what_is_not_of_this_world_stays_one(screen: Screen, stage: Stage) -> None:
    channel, place = stage.channel("general"), stage.channel("pointing-away")
    links = [each.format(guild=channel.guild_id, channel=channel.id) for each in ELSEWHERE]
    direct = stage.person("Ada").dm()
    own = f"https://discord.com/channels/@me/{direct.id}"
    stage.bot("POST", f"/channels/{place.id}/messages", {"content": "\n".join([*links, own])})
    screen.enter("Ada", "pointing-away")
    # Nothing is loaded from there: only whether the page took the press for its own.
    screen.driver.execute_script(
        "window.left = []; document.addEventListener('click', (event) => {"
        "  if (!event.defaultPrevented) left.push(event.target.href); event.preventDefault(); })"
    )
    for link in screen.message("discord").find_elements(By.TAG_NAME, "a")[: len(links)]:
        link.click()
    assert screen.driver.execute_script("return left") == links and screen.place == "# pointing-away"
    screen.message("discord").find_element(By.PARTIAL_LINK_TEXT, "@me/" + str(direct.id)).click()
    screen.wait(lambda: screen.place == "@Causerie")


def test_a_link_preview_shows_no_image_of_another_host(screen: Screen, stage: Stage) -> None:
    channel = stage.channel("previews")
    preview = {
        "title": "Threads",
        "url": "https://example.com/threads",
        "description": "All about **threads**",
        "thumbnail": {"url": "https://example.com/image.png"},
        "fields": [{"name": "Kind", "value": "public", "inline": True}],
    }
    stage.bot("POST", f"/channels/{channel.id}/messages", {"content": "look", "embeds": [preview]})
    screen.enter("Ada", "previews")
    embed = screen.message("look").find_element(By.CLASS_NAME, "embed")
    assert embed.find_element(By.CLASS_NAME, "title").get_attribute("href") == "https://example.com/threads"
    assert embed.find_element(By.TAG_NAME, "strong").text == "threads"
    assert "public" in embed.text and not embed.find_elements(By.TAG_NAME, "img")
