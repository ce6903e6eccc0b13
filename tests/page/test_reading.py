"""Long and busy places: what is drawn, what is asked for, and that the page stays quick."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Keys
from selenium.webdriver.common.by import By

from playground.entities import Channel
from playground.people import Person
from tests.page.screen import Screen
from tests.page.stage import Stage

pytestmark = pytest.mark.browser

MOST_DRAWN = 300
MOST_PROCESSOR_SECONDS = 2.0
"""Of the page's main thread, for the flood: four times what it takes. Other programs do not count, as in frames."""
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


def processor_seconds(screen: Screen) -> float:
    metrics: list[dict[str, Any]] = screen.driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return next(float(each["value"]) for each in metrics if each["name"] == "TaskDuration")


def test_a_flood_of_messages_and_edits_does_not_freeze_it(screen: Screen, stage: Stage) -> None:
    channel = stage.channel("flood")
    screen.enter("Ada", "flood")
    screen.driver.execute_script(
        "window.frames = window.draws = 0; const step = () => { frames += 1; requestAnimationFrame(step); };"
        "requestAnimationFrame(step); new MutationObserver(() => draws += 1)"
        ".observe(document.getElementById('log'), {childList: true, subtree: true})"
    )
    screen.driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
    before = processor_seconds(screen)

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
    assert processor_seconds(screen) - before < MOST_PROCESSOR_SECONDS
    frames, draws = screen.driver.execute_script("return [window.frames, window.draws]")
    assert 0 < draws <= frames, "what changes is drawn once a frame"
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


def test_what_was_found_is_found_again_where_it_was_drawn_anew(screen: Screen, stage: Stage) -> None:
    channel, grace = stage.channel("found-again"), stage.person("Grace")
    said = stage.run(grace.say(channel, "to be liked"))
    stage.run(grace.react(said, "👍"))
    screen.enter("Ada", "found-again")
    chip = screen.message("to be liked").find_element(By.CLASS_NAME, "chip")
    icon, [listed] = screen.button("👍"), screen.all(".chip")
    loose = screen.driver.find_element(By.CLASS_NAME, "chip")
    screen.driver.execute_script("arguments[0].focus()", chip)
    stage.run(grace.react(said, "🎉"))
    screen.wait(lambda: len(screen.all(".chip")) == 2)
    with pytest.raises(StaleElementReferenceException):
        assert loose.text
    assert chip == icon == listed == screen.driver.switch_to.active_element, "the focus stays with it"
    assert chip.text == "👍 1" and chip.get_attribute("aria-pressed") == "false" and icon.is_displayed()
    chip.click()
    screen.wait(lambda: chip.text == "👍 2" and chip.get_attribute("aria-pressed") == "true")


def test_what_is_done_in_a_message_survives_what_comes_to_it(screen: Screen, stage: Stage) -> None:
    channel, grace = stage.channel("kept-state"), stage.person("Grace")
    lines = "\n".join(f"line {number}" for number in range(9)).encode()
    said = stage.run(grace.say(channel, "words to select", files=[("SPOILER_a.txt", lines)]))
    screen.enter("Ada", "kept-state")
    screen.button("Spoiler", screen.message("words to select")).click()
    screen.button("Show 3 more lines").click()
    words = screen.message("words to select").find_element(By.CSS_SELECTOR, ".content p")
    screen.line.click()
    screen.driver.execute_script("getSelection().selectAllChildren(arguments[0])", words)
    selected = "return getSelection().toString()"
    for emoji in ("👍", "🎉"):
        stage.run(grace.react(said, emoji))
        screen.wait(lambda emoji=emoji: emoji in screen.message("words to select").text)  # type: ignore[misc]
        assert "line 8" in screen.one("#log .file pre").text and screen.button("Show less").is_displayed()
        assert screen.driver.execute_script(selected) == "words to select"
    screen.line.click()
    stage.run(grace.edit(said, "other words"))
    screen.message("other words")
    assert "line 8" in screen.one("#log .file pre").text
    assert screen.driver.switch_to.active_element == screen.line, "nothing took the focus"


def test_commands_that_are_registered_as_before_change_nothing_in_the_messages(screen: Screen, stage: Stage) -> None:
    channel = stage.channel("same-commands")
    lines = "\n".join(f"line {number}" for number in range(9)).encode()
    stage.run(stage.person("Grace").say(channel, "a file", files=[("a.txt", lines)]))
    screen.enter("Ada", "same-commands")
    screen.button("Show 3 more lines").click()
    commands = f"/applications/{stage.playground.world.bot.id}/commands"
    screen.driver.execute_script(
        "window.asked = 0; const real = fetch; window.fetch = (address, ...rest) => {"
        "  return real(address, ...rest).finally(() => asked += String(address).includes('/commands?')); }"
    )
    told_alone = ("application_id", "version")
    known = [{key: each[key] for key in each if key not in told_alone} for each in stage.bot("GET", commands)]
    stage.bot("PUT", commands, known)
    screen.wait(lambda: screen.driver.execute_script("return window.asked"))
    screen.driver.execute_async_script("setTimeout(() => requestAnimationFrame(arguments[0]))")
    assert "line 8" in screen.one("#log .file pre").text


def test_a_place_that_is_renamed_is_called_so_wherever_it_is_named(screen: Screen, stage: Stage) -> None:
    named, channel = stage.channel("before-that"), stage.channel("naming-places")
    lines = "\n".join(f"line {number}" for number in range(9)).encode()
    stage.run(stage.person("Grace").say(channel, f"see <#{named.id}>", files=[("a.txt", lines)]))
    stage.bot("POST", f"/channels/{channel.id}/messages", {"embeds": [{"description": f"or <#{named.id}>"}]})
    screen.enter("Ada", "naming-places")
    screen.button("Show 3 more lines", screen.message("see #before-that")).click()

    async def rename() -> None:
        named.name = "after-that"
        stage.playground.world.channel_changed(named)

    async def remove() -> None:
        stage.playground.world.remove_channel(named)

    stage.run(rename())
    screen.message("see #after-that")
    screen.message("or #after-that")
    assert "line 8" in screen.one("#log .file pre").text
    stage.run(remove())
    screen.message("see #unknown")


@pytest.mark.parametrize(
    "text",
    [
        "1. one\n2. two\n - three",
        "- one\n  - inner\n- two\n  - deep\n    - deeper",
        "- one\n  - inner\n- last",
        "> quoted",
        "words\n> quoted\n> more",
        "one\ntwo",
    ],
)
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
