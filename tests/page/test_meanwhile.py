"""What happens while the page waits for an answer: it is shown afterwards, whatever the answer says."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from selenium.webdriver.support.ui import Select

from tests.page.screen import Screen
from tests.page.stage import Stage

pytestmark = pytest.mark.browser

HOLDING = """
const real = fetch;
window.fetch = async (address, ...rest) => {
  const answer = await real(address, ...rest);
  if (arguments[0] && String(address).includes(arguments[0])) await new Promise((go) => (window.letGo = go));
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


def hold(screen: Screen, path: str) -> None:
    screen.driver.execute_script(f"const holding = function () {{ {HOLDING} }}; holding(arguments[0])", path)


def let_go(screen: Screen) -> None:
    screen.wait(lambda: screen.driver.execute_script("return !!window.letGo"))
    screen.driver.execute_script("const go = letGo; window.letGo = null; go()")


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
    held.wait(lambda: held.driver.execute_script("return !!window.letGo"))
    stage.run(stage.person("Grace").say(channel, "the very first"))
    told(held, stage, "opened-empty")
    let_go(held)
    opened(held)
    assert "the very first" in held.one("#log").text


def test_what_changes_in_a_place_that_is_being_opened(held: Screen, stage: Stage) -> None:
    channel, grace = stage.channel("opened-changing"), stage.person("Grace")
    edited, deleted = (stage.run(grace.say(channel, text)) for text in ("before the edit", "to be deleted"))
    held.enter("Ada", "general")
    hold(held, f"/{channel.id}/messages?")
    held.go("opened-changing")
    held.wait(lambda: held.driver.execute_script("return !!window.letGo"))
    stage.run(grace.edit(edited, "after the edit"))
    stage.run(grace.delete(deleted))
    stage.run(grace.say(channel, "one more"))
    told(held, stage, "opened-changing")
    let_go(held)
    opened(held)
    shown = held.one("#log").text
    assert (
        "one more" in shown
        and "after the edit" in shown
        and "before the edit" not in shown
        and "to be deleted" not in shown
    )


def test_the_world_is_asked_for_once_its_events_come(screen: Screen) -> None:
    screen.enter("Ada", "general")
    screen.driver.execute_script(ORDER)
    screen.become("민준")
    asked = screen.wait(lambda: screen.driver.execute_script(ASKED))
    assert [next(kind for kind in KINDS if kind in each) for each in asked] == list(KINDS)


def test_events_wait_for_the_world_that_they_change(held: Screen, stage: Stage) -> None:
    channel, grace = stage.channel("early-events"), stage.person("Grace")
    held.enter("Ada", "early-events")
    hold(held, "/state")
    Select(held.one("#person")).select_by_visible_text("민준")
    held.wait(lambda: held.driver.execute_script("return !!window.letGo"))
    stage.run(grace.say(channel, "said early"))
    made = stage.channel("made-early")
    stage.run(grace.say(made, "@everyone"))
    let_go(held)
    held.wait(lambda: held.person == "민준" and "said early" in held.one("#log").text)
    held.wait(lambda: "made-early" in held.one("#channels").text)


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
    held.wait(lambda: held.driver.execute_script("return !!window.letGo"))
    stage.run(rename())
    held.wait(lambda: "overtaking" in held.one("#channels").text)
    let_go(held)
    let_go(held)
    held.driver.execute_async_script("setTimeout(() => requestAnimationFrame(arguments[0]))")
    assert "overtaking" in held.one("#channels").text
