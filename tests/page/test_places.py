"""The side: servers, channels, threads and forums, what waits there unread, and the page's colours."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.by import By

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


def test_where_one_may_not_write_the_line_says_so(screen: Screen, stage: Stage) -> None:
    from playground import permissions
    from playground.entities import Overwrite

    async def silence() -> None:
        world = stage.playground.world
        guild = next(iter(world.guilds.values()))
        world.add_channel(guild, "news-only", overwrites=[Overwrite(id=guild.id, deny=permissions.SEND_MESSAGES)])

    stage.run(silence())
    screen.enter("Ada", "news-only")
    assert not screen.line.is_enabled()
    assert screen.line.get_attribute("placeholder") == "You cannot write in # news-only"


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
