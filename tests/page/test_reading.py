"""Long and busy places: what is drawn, what is asked for, and that the page stays quick."""

from __future__ import annotations

import asyncio

import pytest
from selenium.webdriver import Keys
from selenium.webdriver.common.by import By

from playground.entities import Channel
from playground.people import Person
from tests.page.screen import Screen
from tests.page.stage import Stage

pytestmark = pytest.mark.browser

MOST_DRAWN = 300
LONGEST_FRAME = 500
"""Milliseconds; a page that draws each of the changes by itself takes many seconds."""
TEXT = "**bold** `code` and *more* words, " * 8


def filled(stage: Stage, name: str, count: int) -> Channel:
    """A channel with that many numbered messages."""
    channel = stage.channel(name)
    if not channel.messages:
        stage.run(_say(stage.person("Grace"), channel, count))
    return channel


async def _say(person: Person, channel: Channel, count: int) -> None:
    for number in range(count):
        await person.say(channel, f"message {number}")


def shown(screen: Screen) -> list[str]:
    texts: list[str] = screen.driver.execute_script(
        "return [...document.querySelectorAll('.message .content')].map((each) => each.textContent.split(' (')[0])"
    )
    return texts


def test_older_messages_come_when_one_scrolls_up(screen: Screen, stage: Stage) -> None:
    filled(stage, "long", 450)
    screen.enter("Ada", "long")
    screen.message("message 449")
    assert len(shown(screen)) < 150 and "message 0" not in shown(screen)
    assert not screen.one("#jump").is_displayed()
    for _ in range(60):
        screen.driver.execute_script("document.getElementById('log').scrollTop = 0")
        if shown(screen)[0] == "message 0":
            break
        screen.driver.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
    screen.wait(lambda: shown(screen)[0] == "message 0")
    drawn = shown(screen)
    assert drawn == [f"message {number}" for number in range(len(drawn))], "in order, none missing, none twice"
    assert len(drawn) <= MOST_DRAWN
    screen.wait(lambda: screen.one("#jump").is_displayed())
    screen.one("#jump").click()
    screen.wait(lambda: shown(screen)[-1] == "message 449")
    drawn = shown(screen)
    assert drawn == [f"message {450 - len(drawn) + number}" for number in range(len(drawn))]


def test_what_one_reads_stays_in_its_place_while_others_write(screen: Screen, stage: Stage) -> None:
    channel = filled(stage, "reading", 60)
    screen.enter("Ada", "reading")
    screen.message("message 59")
    top = "return [...document.querySelectorAll('.message')].map((each) => each.getBoundingClientRect().top)[40]"
    screen.driver.execute_script("document.getElementById('log').scrollTop -= 400")
    screen.wait(lambda: screen.driver.execute_script("return document.getElementById('log').scrollTop") > 0)
    before = screen.driver.execute_script(top)
    grace = stage.person("Grace")
    # An edit above what is read makes its message higher.
    stage.run(grace.edit(channel.messages[0], "\n".join("high" for _ in range(20))))
    stage.run(grace.say(channel, "one more"))
    screen.wait(lambda: shown(screen)[-1] == "one more")
    assert screen.driver.execute_script(top) == pytest.approx(before, abs=2)
    assert screen.one("#jump").is_displayed()


def test_a_reply_leads_to_a_message_that_was_not_loaded(screen: Screen, stage: Stage) -> None:
    channel = filled(stage, "quoting", 220)
    stage.run(stage.person("Ada").say(channel, "about that", reply_to=channel.messages[3]))
    screen.enter("Ada", "quoting")
    answer = screen.message("about that")
    assert "message 3" not in shown(screen)
    answer.find_element("class name", "above").click()
    screen.wait(lambda: "message 3" in screen.driver.switch_to.active_element.text.splitlines())


def test_a_flood_of_messages_and_edits_does_not_freeze_it(screen: Screen, stage: Stage) -> None:
    channel = stage.channel("flood")
    screen.enter("Ada", "flood")
    screen.driver.execute_script(
        "window.frames = []; let last = performance.now();"
        "const step = () => { const now = performance.now(); frames.push(now - last); last = now;"
        "  requestAnimationFrame(step); }; requestAnimationFrame(step);"
    )

    async def flood() -> None:
        grace = stage.person("Grace")
        for number in range(400):
            said = await grace.say(channel, f"{number} {TEXT}")
            await grace.edit(said, f"number {number} {TEXT}")
            # Other tasks, the page's connection above all, have their turn.
            await asyncio.sleep(0)

    stage.run(flood())
    screen.wait(lambda: (shown(screen) or [""])[-1].startswith("number 399 "))
    assert len(shown(screen)) == MOST_DRAWN
    assert max(screen.driver.execute_script("return window.frames")) < LONGEST_FRAME
    assert not screen.one("#jump").is_displayed(), "its end stays in sight"


def test_what_is_done_in_a_message_survives_its_edits(screen: Screen, stage: Stage) -> None:
    channel, grace = stage.channel("growing"), stage.person("Grace")
    said = stage.run(grace.say(channel, "a ||secret|| and"))
    screen.enter("Ada", "growing")
    spoiler = screen.message("and").find_element("class name", "spoiler")
    spoiler.send_keys(Keys.ENTER)
    stage.run(grace.edit(said, "a ||secret|| and more"))
    message = screen.message("and more")
    spoiler = message.find_element("class name", "spoiler")
    assert spoiler.get_attribute("aria-expanded") == "true"
    assert screen.driver.switch_to.active_element == spoiler


@pytest.mark.parametrize("text", ["1. one\n2. two\n - three", "> quoted", "words\n> quoted\n> more", "one\ntwo"])
def test_the_mark_of_an_edit_stands_behind_the_last_word(screen: Screen, stage: Stage, text: str) -> None:
    channel = stage.channel("edited")
    sent = stage.bot("POST", f"/channels/{channel.id}/messages", {"content": "draft"})
    stage.bot("PATCH", f"/channels/{channel.id}/messages/{sent['id']}", {"content": text})
    screen.enter("Ada", "edited")
    last = text.split()[-1]
    message = screen.wait(lambda: screen.one(f"#message-{sent['id']}"))
    assert f"{last}\u00a0(edited)" in (message.find_element(By.CLASS_NAME, "content").get_attribute("innerText") or "")


def test_the_people_of_the_first_world_have_colours_of_their_own(screen: Screen) -> None:
    screen.enter("Ada", "general")
    hues = screen.driver.execute_async_script(
        "const done = arguments[0];"
        "import('/page/message.js').then(({hueOf}) => done(['Ada', '민준', 'Grace'].map(hueOf)))"
    )
    assert len(set(hues)) == 3
