"""The drawer: what the model was sent, when the bot did what, and how the limits are spent."""

from __future__ import annotations

import re
from typing import Any

import pytest
from selenium.webdriver import Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from playground.faults import CallFault, Chance
from tests.page.screen import Screen
from tests.page.stage import Stage

pytestmark = pytest.mark.browser


def opened(screen: Screen, tab: str) -> WebElement:
    """The panel of that tab."""
    if not screen.one("#drawer").is_displayed():
        screen.one("#open-drawer").click()
    screen.one(f"#tab-{tab}").click()
    return screen.wait(lambda: panel if (panel := screen.one(f"#panel-{tab}")).is_displayed() else None)


def calls_with(screen: Screen, text: str) -> list[WebElement]:
    return [each for each in screen.all(".call.done") if text in (each.get_attribute("textContent") or "")]


def said_by_model(stage: Stage, place: str, question: str) -> None:
    """The model's answer to the newest message there that a person wrote, as a reply of the bot's."""
    channel = stage.channel(place)
    asked = [each for each in channel.messages if not each.author.bot][-1]
    text = stage.ask_model(f"Ada: {question}")
    said = {"content": f"**{question}**\n{text}"[:2000], "message_reference": {"message_id": str(asked.id)}}
    stage.bot("POST", f"/channels/{channel.id}/messages", said)


def answer_to(screen: Screen, question: str) -> WebElement:
    """What the model said to it."""
    newest = screen.wait(lambda: [each for each in screen.all(".message:not(.mine)") if question in each.text][-1:])
    return newest[0]


def test_what_the_model_was_sent(screen: Screen, stage: Stage) -> None:
    screen.enter("Ada", "general")
    opened(screen, "calls")
    stage.ask_model("Ada: What is a channel?")
    screen.wait(lambda: len(calls_with(screen, "What is a channel?")) == 1)
    stage.ask_model("Ada: What is a channel?", "Ada: And a thread?")
    newest = screen.wait(lambda: next(iter(calls_with(screen, "And a thread?")), None))
    assert re.search(r"[1-9]\d % cached", newest.text)
    if newest.find_element(By.TAG_NAME, "details").get_attribute("open") is None:
        newest.find_element(By.TAG_NAME, "summary").click()
    assert [each.text for each in newest.find_elements(By.CLASS_NAME, "role")] == ["system", "user", "user"]
    parameters = newest.find_element(By.CSS_SELECTOR, "details details")
    parameters.find_element(By.TAG_NAME, "summary").click()
    assert '"temperature": 0.25' in parameters.text
    screen.shoot("drawer")
    screen.press(Keys.ESCAPE)
    assert not screen.one("#drawer").is_displayed()
    assert screen.driver.switch_to.active_element == screen.one("#open-drawer")


def test_the_call_behind_a_chosen_answer_is_opened(screen: Screen, stage: Stage) -> None:
    stage.channel("behind")
    screen.enter("Ada", "behind")
    for question in ("about apples", "about pears"):
        screen.send(question)
        screen.message(question)
        said_by_model(stage, "behind", question)
    screen.action(answer_to(screen, "about apples"), "What the model was sent")
    call = screen.wait(lambda: screen.driver.switch_to.active_element.find_element(By.XPATH, "ancestor::li"))
    assert "Ada: about apples" in call.text
    open_ones = [each for each in screen.all("#call-list > li > details") if each.get_attribute("open") is not None]
    assert len(open_ones) == 1
    heading = call.find_element(By.TAG_NAME, "summary").text
    assert heading.startswith("Ada: about apples"), "who asked, and what"


def test_a_message_that_no_call_made_says_so(screen: Screen, stage: Stage) -> None:
    channel = stage.channel("announced")
    screen.enter("Ada", "announced")
    screen.send("about plums")
    screen.message("about plums")
    said_by_model(stage, "announced", "about plums")
    answer_to(screen, "about plums")
    stage.bot("POST", f"/channels/{channel.id}/messages", {"content": "The conversation begins anew from here on."})
    screen.action(screen.message("begins anew"), "What the model was sent")
    none = screen.one("#panel-calls .none")
    screen.wait(none.is_displayed)
    assert none.text == "No call of the model made this message." and screen.driver.switch_to.active_element == none
    assert not [each for each in screen.all("#call-list > li > details") if each.get_attribute("open") is not None]
    screen.action(answer_to(screen, "about plums"), "What the model was sent")
    screen.wait(lambda: not screen.one("#panel-calls .none").is_displayed())


def of_calls(screen: Screen, work: str) -> Any:
    """What `work` returns, a script with `calls` of the page in their `list`, and `call`, which makes one."""
    return screen.driver.execute_async_script(CALLS.replace("WORK", work))


CALLS = """
    const done = arguments[0];
    const call = (id, answer = '') => ({id, answer, state: 'done', status: 200, error: null, started_at: id,
      messages: [{role: 'user', content: 'asked'}], parameters: {}, finish_reason: 'stop', duration: 1, usage: null});
    import('/page/calls.js').then(({Calls}) => {
      const list = document.createElement('ol');
      document.createElement('div').append(list);
      const calls = new Calls(list, null);
      done((() => { WORK })());
    });
"""


def test_the_newest_calls_are_kept(screen: Screen) -> None:
    screen.enter("Ada", "general")
    work = """
        for (let id = 1; id <= 203; id += 1) calls.show(call(id));
        return [calls.calls.size, list.children.length, list.firstChild.dataset.id, list.lastChild.dataset.id];
    """
    assert of_calls(screen, work) == [200, 200, "203", "4"]


def test_a_short_message_was_made_by_the_call_that_begins_or_ends_with_it(screen: Screen) -> None:
    """While an answer grows, and on its last page; in the middle of one, few letters are chance."""
    screen.enter("Ada", "general")
    work = """
        calls.show(call(1, 'Well, of course. Trees have roots of many kinds, and some have none. The end.'));
        calls.show(call(2, 'Nothing is known of that.'));
        const made = (content) => calls.making({id: '9', content, embeds: [], components: [],
          timestamp: '2026-01-01T00:00:00Z'}, [])?.id ?? null;
        return ['**Well**, of', 'The end.', 'Nothing is known of that.', 'of', 'some have none', ''].map(made);
    """
    assert of_calls(screen, work) == [1, 1, 2, None, None, None]


def test_the_steps_of_a_run_in_their_order(screen: Screen, stage: Stage) -> None:
    stage.channel("steps")
    screen.enter("Ada", "steps")
    screen.send("@Causerie step by step by step")
    screen.message("You said: step by step by step")
    panel = opened(screen, "timeline")
    run = screen.wait(
        lambda: next((each for each in panel.find_elements(By.CLASS_NAME, "run") if "steps" in each.text), None)
    )
    assert "step by step by step" in run.text

    def steps() -> list[str | None]:
        rows = panel.find_element(By.CLASS_NAME, "run").find_elements(By.CSS_SELECTOR, "ol li")
        return [each.get_attribute("data-step") for each in rows]

    screen.wait(lambda: steps()[-1] == "stepFinished")
    assert steps() == ["stepAsked", "stepSign", "stepTyping", "stepShown", "stepEdits", "stepFinished"]
    seconds = [
        float(each.text.split()[0]) for each in panel.find_element(By.CLASS_NAME, "run").find_elements(By.TAG_NAME, "b")
    ]
    assert seconds == sorted(seconds) and seconds[0] == 0
    screen.shoot("timeline")


def test_what_was_pressed_and_what_was_refused_stands_in_the_timeline(screen: Screen, stage: Stage) -> None:
    stage.channel("pressed")
    screen.enter("민준", "pressed")
    screen.send("/persona use name:Poet ")
    answer = screen.message("Now Poet", ".private")
    screen.button("Undo", answer).click()
    screen.message("Undone.", ".private")
    screen.send("/form ")
    screen.wait(lambda: screen.all("dialog[open]"))
    screen.press(Keys.ESCAPE)

    async def fail() -> None:
        stage.playground.faults.add(CallFault(route="message.create", status=502, chance=Chance(times=1)))

    stage.run(fail())
    screen.send("@Causerie what now?")
    screen.message("You said: what now?", ":not(.mine)")
    panel = opened(screen, "timeline")

    def run(text: str) -> WebElement:
        def newest() -> WebElement | None:
            return next(
                (each for each in panel.find_elements(By.CLASS_NAME, "run") if each.text.startswith(text)), None
            )

        found = screen.wait(newest)
        if found.find_element(By.TAG_NAME, "details").get_attribute("open") is None:
            found.find_element(By.TAG_NAME, "summary").click()
        return found

    screen.wait(lambda: len(panel.find_elements(By.CLASS_NAME, "run")) >= 4)
    struck = run("@Causerie what now?").find_element(By.CSS_SELECTOR, "[data-step=stepFault] .step")
    assert struck.text.split() == ["장애에", "걸림", "502", "·", "POST", "/channels/…/messages"]
    assert "양식 열림" in run("/form").text
    assert "버튼 또는 메뉴" in run("Undo").text
    assert "첫 글자 표시" in run("/페르소나 사용 name:Poet").text
    screen.shoot("timeline-korean")


def test_limits_are_shown_as_they_are_spent_and_refusals_in_red(screen: Screen, stage: Stage) -> None:
    stage.channel("busy")
    screen.enter("Ada", "busy")
    panel = opened(screen, "meter")
    channel = stage.channel("busy")
    for number in range(6):
        stage.bot("POST", f"/channels/{channel.id}/messages", {"content": f"number {number}"})

    def bar() -> WebElement | None:
        bars = panel.find_elements(By.CSS_SELECTOR, "[data-name='message.create'].full")
        return next((each for each in bars if "busy" in each.text), None)

    assert "5 / 5" in screen.wait(bar).text
    assert panel.find_elements(By.CSS_SELECTOR, "[data-name='global']")
    refusal = screen.wait(lambda: panel.find_element(By.CSS_SELECTOR, ".refusals li"))
    assert "429" in refusal.text and "POST" in refusal.text
    assert "refused" in (panel.find_element(By.CLASS_NAME, "totals").get_attribute("class") or "")
    screen.shoot("meter")


def test_the_tabs_are_steered_by_keyboard(screen: Screen) -> None:
    screen.enter("Ada", "general")
    opened(screen, "calls")
    for tab, other in (("timeline", "calls"), ("meter", "timeline"), ("faults", "meter"), ("calls", "faults")):
        assert screen.press(Keys.ARROW_RIGHT) == screen.one(f"#tab-{tab}")
        assert screen.one(f"#tab-{tab}").get_attribute("aria-selected") == "true"
        assert screen.one(f"#panel-{tab}").is_displayed() and not screen.one(f"#panel-{other}").is_displayed()


def test_a_call_that_the_demo_cut_down_says_so(screen: Screen, stage: Stage) -> None:
    async def adapt() -> None:
        stage.recorder.calls[-1].adapted = True
        stage.recorder.calls[-1].finish_reason = "length"

    stage.ask_model("Ada: Whole or cut?")
    screen.enter("민준", "korean-한국어")
    opened(screen, "calls")
    whole = screen.wait(lambda: next(iter(calls_with(screen, "Whole or cut?")), None))
    assert "줄여서" not in (whole.get_attribute("textContent") or "")
    stage.ask_model("Ada: Cut!")
    stage.run(adapt())
    screen.driver.refresh()
    screen.wait(lambda: screen.place and screen.one("#open-drawer").text)
    opened(screen, "calls")
    cut = screen.wait(lambda: next(iter(calls_with(screen, "Cut!")), None))
    cut.find_element(By.TAG_NAME, "summary").click()
    assert "작은 모델에는 줄여서" in cut.text and "길이 제한에서 끊김" in cut.text
    screen.shoot("adapted")


def test_a_call_that_a_notice_answered_says_so(screen: Screen, stage: Stage) -> None:
    async def notice() -> None:
        stage.recorder.calls[-1].noticed = True

    stage.ask_model("Ada: Noticed?")
    stage.run(notice())
    screen.enter("Ada", "general")
    opened(screen, "calls")
    call = screen.wait(lambda: next(iter(calls_with(screen, "Noticed?")), None))
    note = call.find_element(By.CLASS_NAME, "note").get_attribute("textContent")
    assert note and "was not asked" in note and "this server’s" in note
