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
    forum = stage.forum("questions")
    screen.enter("Ada", "questions")
    assert "no posts yet" in screen.one("#log").text
    assert not screen.one("#composer").is_displayed()

    async def post() -> None:
        stage.playground.world.add_thread(forum, "How do I begin?", stage.person("Ada").user)

    stage.run(post())
    screen.wait(lambda: screen.all("#log .post"))
    assert "How do I begin?" in screen.one("#channels").text
    screen.button("How do I begin?", screen.one("#log")).click()
    screen.wait(lambda: screen.place == "How do I begin?")
    assert screen.one("#composer").is_displayed()


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
