"""What happens while the page waits for an answer: it is shown afterwards, whatever the answer says."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from tests.page.screen import Screen
from tests.page.stage import Stage

pytestmark = pytest.mark.browser

HOLDING = """
const [path, { before, failing }] = arguments, real = (window.real = fetch);
let failed = false;
window.waiters = [];
window.fetch = async (address, ...rest) => {
  if (!String(address).includes(path)) return real(address, ...rest);
  const waiting = () => new Promise((go) => waiters.push(go));
  if (failing) return failed ? real(address, ...rest) : ((failed = true), Promise.reject(new TypeError("failed")));
  if (before) await waiting();
  const answer = await real(address, ...rest);
  if (!before) await waiting();
  return answer;
};
"""
ORDER = """
window.asked = [];
const real = fetch, Real = WebSocket;
window.fetch = (address, ...rest) => (asked.push(String(address)), real(address, ...rest));
window.WebSocket = class extends Real {
  constructor(address) {
    super(address);
    this.addEventListener("open", () => asked.push("open"));
  }
};
"""
KINDS = ("open", "/state", "/messages")
ASKED = f"""
const kinds = {json.dumps(KINDS)};
const found = asked.filter((each) => kinds.some((kind) => each.includes(kind)));
return found.length >= kinds.length && found.slice(0, kinds.length);
"""


@pytest.fixture
def held(screen: Screen) -> Iterator[Screen]:
    """A page in which some answers wait until `let_go`."""
    yield screen
    screen.driver.get("about:blank")


def hold(screen: Screen, path: str, **how: bool) -> None:
    """Answers from there, or requests (`before`), until `let_go`; or the first of them fails (`failing`)."""
    screen.driver.execute_script(HOLDING, path, how)


def waiting(screen: Screen) -> None:
    screen.wait(lambda: screen.driver.execute_script("return waiters.length"))


def let_go(screen: Screen) -> None:
    """All that wait now; there is one at least."""
    waiting(screen)
    screen.driver.execute_script("for (const go of waiters.splice(0)) go()")


def told(screen: Screen, stage: Stage, channel: str) -> None:
    """Waits until the page has heard of everything before: events come in their order."""
    stage.run(stage.person("Grace").type(stage.channel(channel)))
    screen.wait(lambda: "Grace" in screen.one("#typing").text)


def opened(screen: Screen) -> None:
    """A place that is open has the focus in its line."""
    screen.wait(lambda: screen.driver.switch_to.active_element == screen.line)


def test_the_first_message_of_a_place_that_is_being_opened(held: Screen, stage: Stage) -> None:
    channel = stage.channel("opened-empty")
    held.enter("Ada", "general")
    hold(held, f"/{channel.id}/messages?")
    held.go("opened-empty")
    waiting(held)
    stage.run(stage.person("Grace").say(channel, "the very first"))
    told(held, stage, "opened-empty")
    let_go(held)
    opened(held)
    assert "the very first" in held.one("#log").text


def test_what_changes_in_a_place_that_is_being_opened(held: Screen, stage: Stage) -> None:
    channel, grace = stage.channel("opened-changing"), stage.person("Grace")
    edited, deleted = (stage.run(grace.say(channel, text)) for text in ("before the edit", "to be deleted"))
    liked = stage.run(grace.say(channel, "about that", reply_to=deleted))
    held.enter("Ada", "general")
    hold(held, f"/{channel.id}/messages?")
    held.go("opened-changing")
    waiting(held)
    stage.run(grace.edit(edited, "after the edit"))
    stage.run(grace.delete(deleted))
    stage.run(grace.react(liked, "👍"))
    stage.run(grace.say(channel, "one more"))
    told(held, stage, "opened-changing")
    let_go(held)
    opened(held)
    shown = held.one("#log").text
    assert "one more" in shown and "after the edit" in shown and "👍" in shown
    assert "before the edit" not in shown and "to be deleted" not in shown


def test_an_edit_of_what_is_older_than_what_is_shown_leaves_no_gap(held: Screen, stage: Stage) -> None:
    channel, grace = stage.channel("opened-long"), stage.person("Grace")
    said = [stage.run(grace.say(channel, f"number {number}.")) for number in range(130)]
    held.enter("Ada", "general")
    hold(held, f"/{channel.id}/messages?")
    held.go("opened-long")
    waiting(held)
    stage.run(grace.edit(said[5], "number 5, edited."))
    told(held, stage, "opened-long")
    let_go(held)
    opened(held)
    stage.run(grace.edit(said[6], "number 6, edited."))
    stage.run(grace.say(channel, "number 130."))
    held.message("number 130.")
    held.driver.execute_script("window.fetch = real")
    held.wait(lambda: held.driver.execute_script("log.scrollTop = 0; return log.textContent.includes('number 0.')"))
    shown = held.driver.execute_script("return document.getElementById('log').textContent")
    assert [number for number in range(131) if f"number {number}" not in shown] == []
    assert "number 5, edited" in shown and "number 6, edited" in shown


def test_the_world_is_asked_for_once_its_events_come(screen: Screen) -> None:
    screen.enter("Ada", "general")
    screen.driver.execute_script(ORDER)
    screen.become("민준")
    asked = screen.wait(lambda: screen.driver.execute_script(ASKED))
    assert [next(kind for kind in KINDS if kind in each) for each in asked] == list(KINDS)


def test_events_wait_for_the_world_that_they_change(held: Screen, stage: Stage) -> None:
    grace, minjun = stage.person("Grace"), stage.person("민준")
    post = stage.run(grace.post(stage.forum("early-forum"), "Early post", "once"))
    stage.run(grace.say(post, "twice"))
    held.enter("Ada", "early-forum")
    hold(held, "/state")
    Select(held.one("#person")).select_by_visible_text("민준")
    waiting(held)
    made = stage.channel("made-early")
    stage.run(grace.say(made, f"{minjun.mention}, this is new"))
    stage.run(grace.say(post, "three times"))
    let_go(held)
    held.wait(lambda: "메시지 3개" in held.one("#log .post").text)
    [place] = [each for each in held.all("#channels button") if "made-early" in each.text]
    assert place.find_element(By.CLASS_NAME, "count").text == "1"


def test_what_the_world_says_already_is_not_counted_again(held: Screen, stage: Stage) -> None:
    """Its events come first, and the world as it is after them."""
    grace = stage.person("Grace")
    post = stage.run(grace.post(stage.forum("counted-once"), "Counted", "once"))
    held.enter("Ada", "counted-once")
    hold(held, "/state", before=True)
    Select(held.one("#person")).select_by_visible_text("민준")
    waiting(held)
    stage.run(grace.say(post, "twice"))
    stage.run(grace.delete(stage.run(grace.say(post, "three times"))))
    let_go(held)
    held.wait(lambda: "메시지 2개" in held.one("#log .post").text)


def test_a_place_is_entered_though_the_first_answer_failed(held: Screen, stage: Stage) -> None:
    channel = stage.channel("wanted")
    held.enter("Ada", "general")
    hold(held, "/state", failing=True)
    grace = stage.person("Grace")
    held.driver.execute_script("location.hash = arguments[0]", f"person={grace.id}&channel={channel.id}")
    held.wait(lambda: held.place == "# wanted")
    assert held.person == "Grace"


def test_an_answer_that_was_overtaken_is_not_taken(held: Screen, stage: Stage) -> None:
    """The world's state, asked for after a change and answered after the next one."""
    channel = stage.channel("overtaken")
    held.enter("Ada", "general")
    hold(held, "/state")

    async def grant() -> None:
        guild = next(iter(stage.playground.world.guilds.values()))
        everyone = guild.roles[guild.id]
        stage.playground.world.set_permissions(guild, everyone, everyone.permissions)

    async def rename() -> None:
        channel.name = "overtaking"
        stage.playground.world.channel_changed(channel)

    stage.run(grant())
    waiting(held)
    stage.run(rename())
    held.wait(lambda: "overtaking" in held.one("#channels").text)
    let_go(held)
    let_go(held)
    held.driver.execute_async_script("setTimeout(() => requestAnimationFrame(arguments[0]))")
    assert "overtaking" in held.one("#channels").text
