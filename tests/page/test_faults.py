"""The drawer's last tab: faults made, met, seen and taken back, and the gateway broken."""

from __future__ import annotations

import re

import pytest
from selenium.webdriver import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select

from playground.events import BotDisconnected, Event
from playground.faults import CallFault, Chance, EventFault
from tests.page.screen import Screen
from tests.page.stage import Stage

pytestmark = pytest.mark.browser


def opened(screen: Screen, person: str = "Ada", place: str = "general") -> None:
    screen.enter(person, place)
    if not screen.one("#drawer").is_displayed():
        screen.one("#open-drawer").click()
    screen.one("#tab-faults").click()
    screen.wait(lambda: screen.all("#fault-kind"))


def choose(screen: Screen, name: str, value: str) -> None:
    Select(screen.one(f"#fault-{name}")).select_by_value(value)


def fill(screen: Screen, name: str, value: str) -> WebElement:
    field = screen.one(f"#fault-{name}")
    field.clear()
    field.send_keys(value)
    return field


def standing(screen: Screen) -> list[str]:
    return [each.text for each in screen.all(".fault")]


def test_a_fault_is_made_met_counted_and_taken_back(screen: Screen, stage: Stage) -> None:
    stage.channel("faulty")
    opened(screen, place="faulty")
    assert "Nothing goes wrong" in screen.one("#faults").text
    choose(screen, "kind", "Status")
    choose(screen, "route", "message.create")
    fill(screen, "times", "2")
    screen.button("Add the fault").click()
    screen.wait(lambda: ["struck 0 of 0" in each for each in standing(screen)] == [True])
    screen.one("#text").click()
    screen.send("@Causerie still there?")
    # The bot asks again after a second; what it met is counted as it happens.
    screen.wait(lambda: "hit" in str(screen.one(".standing .fault").get_attribute("class")))
    screen.message("You said: still there?", ":not(.mine)")
    # What has struck as often as it may is no longer in force.
    screen.wait(lambda: "struck 2 of 2" in screen.one(".spent .fault").text)
    assert not screen.all(".standing .fault") and "Nothing goes wrong" in screen.one("#faults").text
    assert screen.one("#faults .over").text == "Spent"
    assert not screen.one("#faults .clear").is_displayed(), "nothing stands that could be removed"
    assert "hit" not in str(screen.one(".fault").get_attribute("class"))
    screen.shoot("faults")
    screen.one("#panel-faults .again").click()
    screen.wait(lambda: "struck 0 of 0" in screen.one(".standing .fault").text)
    screen.wait(lambda: not screen.all(".spent .fault") and not screen.one("#faults .over").is_displayed())
    assert [fault["times"] for fault in stage.playground.faults.listed()] == [2]
    remove = screen.one(".fault button")
    assert remove.accessible_name == "Remove Answer with an error · Send a message"
    remove.click()
    screen.wait(lambda: not screen.all(".fault"))
    assert stage.playground.faults.listed() == []


def test_each_kind_is_sent_as_the_form_says(screen: Screen, stage: Stage) -> None:
    opened(screen)
    entries: tuple[tuple[str, dict[str, str], dict[str, object]], ...] = (
        ("Late", {"latency": "0.25", "jitter": "0.5", "probability": "50"}, {"latency": 0.25, "jitter": 0.5}),
        ("Drop", {"every": "3"}, {"drop": True, "every": 3}),
        ("Copies", {"copies": "3"}, {"event": "MESSAGE_CREATE", "copies": 3}),
        ("Cut", {}, {"event": "MESSAGE_CREATE", "cut": True}),
    )
    for number, (kind, values, sent) in enumerate(entries, 1):
        choose(screen, "kind", kind)
        for name, value in values.items():
            fill(screen, name, value)
        screen.button("Add the fault").click()
        screen.wait(lambda number=number: len(standing(screen)) == number)  # type: ignore[misc]
        assert sent.items() <= stage.playground.faults.listed()[-1].items()
    late, drop, *_ = stage.playground.faults.listed()
    assert late["probability"] == drop["probability"] == 0.5 and late["route"] == drop["route"] == "message.create"
    assert "Chance for each (%) 50" in standing(screen)[0] and "Delay (s) 0.25" in standing(screen)[0]
    screen.button("Remove all").click()
    screen.wait(lambda: not standing(screen))
    assert screen.driver.switch_to.active_element == screen.one("#fault-kind")


@pytest.mark.parametrize(
    ("person", "said"),
    [
        ("Ada", ("Of those that match, one in 3", "Strikes at most (times) 2")),
        ("민준", ("해당하는 것 중 몇 번에 한 번 3", "걸리는 횟수 (최대) 2")),
    ],
)
def test_a_fault_says_of_what_it_is_a_share_and_what_its_limit_counts(
    screen: Screen, person: str, said: tuple[str, str]
) -> None:
    opened(screen, person)
    for name, each in zip(("every", "times"), said, strict=True):
        value = each.rpartition(" ")[2]
        assert fill(screen, name, value).accessible_name == each.removesuffix(f" {value}")
    screen.one("#faults form [type=submit]").click()
    [text] = screen.wait(lambda: standing(screen))
    assert all(each in text for each in said)
    screen.shoot(f"faults-{person}")


def test_what_the_server_refuses_stands_at_its_field(screen: Screen, stage: Stage) -> None:
    opened(screen)
    choose(screen, "kind", "Status")
    status = fill(screen, "status", "700")
    screen.button("Add the fault").click()
    screen.wait(lambda: screen.one("#fault-status-wrong").text == "A whole number from 400 to 599.")
    assert status.get_attribute("aria-invalid") == "true"
    assert status.get_attribute("aria-describedby") == "fault-status-wrong"
    assert screen.driver.switch_to.active_element == status
    fill(screen, "status", "500")
    choose(screen, "route", "other")
    fill(screen, "path", "POST /chanels/*/messages").send_keys(Keys.ENTER)
    screen.wait(lambda: "No call is like this" in screen.one("#fault-path-wrong").text)
    assert screen.one("#fault-status-wrong").text == "" and not standing(screen)
    fill(screen, "path", "POST /channels/*/messages").send_keys(Keys.ENTER)
    screen.wait(lambda: standing(screen))
    assert stage.playground.faults.listed()[0]["route"] == "POST /channels/*/messages"
    assert screen.one("#fault-path-wrong").text == ""
    refused = [entry["message"] for entry in screen.driver.get_log("browser")]  # type: ignore[no-untyped-call]
    assert len(refused) == 2 and all("/faults" in message and "400" in message for message in refused)


def test_a_fault_from_elsewhere_appears_and_goes(screen: Screen, stage: Stage) -> None:
    opened(screen)

    async def make() -> None:
        stage.playground.faults.add(CallFault(route="typing", drop=True, chance=Chance(nth=(2, 5))))
        stage.playground.faults.add(EventFault(event="TYPING_START", copies=2, cut=True))

    stage.run(make())
    texts = screen.wait(lambda: found if len(found := standing(screen)) == 2 else None)
    assert "Break the connection · Typing" in texts[0] and "nth [2,5]" in texts[0]
    assert "Send an event repeatedly · TYPING_START" in texts[1]
    # By keyboard: what is removed hands the focus on.
    screen.all(".fault button")[0].send_keys(Keys.ENTER)
    screen.wait(lambda: len(standing(screen)) == 1)
    assert screen.driver.switch_to.active_element.text == "Remove all"
    stage.clear_faults()
    screen.wait(lambda: not standing(screen))


def test_a_fault_is_spent_once_the_last_call_that_it_names_is_over(screen: Screen, stage: Stage) -> None:
    channel = stage.channel("counted")
    opened(screen, place="counted")

    async def make() -> None:
        late = Chance(nth=(1, 3))
        stage.playground.faults.add(CallFault(route="message.create", latency=0.01, chance=late))

    stage.run(make())
    for seen, place in ((1, "standing"), (2, "standing"), (3, "spent")):
        stage.bot("POST", f"/channels/{channel.id}/messages", {"content": "once more"})
        screen.wait(lambda seen=seen: f"of {seen}" in screen.one(".fault .struck").text)  # type: ignore[misc]
        assert len(screen.all(f".{place} .fault")) == len(screen.all(".fault")) == 1


def test_good_news_of_a_connection_goes_after_six_seconds_and_bad_news_stays(screen: Screen) -> None:
    screen.enter("Ada", "general")
    told = screen.driver.execute_async_script("""
        const done = arguments[0], told = [], real = [setTimeout, clearTimeout];
        import('/page/connection.js').then(({Connection}) => {
          const node = document.createElement('p'), connection = new Connection(node), running = new Map();
          window.setTimeout = (ends, after) => (running.set(running.size + 1, [ends, after]), running.size);
          window.clearTimeout = (id) => running.delete(id);
          const note = () => told.push([node.textContent, [...running.values()].map(([, after]) => after)]);
          for (const connected of [true, false, true, false, true]) note(connection.page(connected));
          for (const [ends] of running.values()) ends();
          note();
          [window.setTimeout, window.clearTimeout] = real;
          done(told);
        });
    """)
    lost, back = "The playground does not answer. Trying again …", "The playground answers again."
    assert told == [["", []], [lost, []], [back, [6000]], [lost, []], [back, [6000]], ["", [6000]]]


def test_the_gateway_is_cut_and_the_bot_comes_back(screen: Screen, stage: Stage) -> None:
    opened(screen)
    seen: list[Event] = []

    async def listen() -> None:
        stage.playground.world.subscribe(
            lambda event: seen.append(event) if isinstance(event, BotDisconnected) else None
        )

    stage.run(listen())
    screen.driver.execute_script(
        "window.told = []; new MutationObserver(() => told.push(document.getElementById('connection').textContent))"
        ".observe(document.getElementById('connection'), {childList: true, characterData: true, subtree: true})"
    )
    screen.button("Cut the connection").click()
    screen.wait(lambda: seen)
    screen.wait(
        lambda: re.fullmatch(r"Causerie is back, after \d+\.\d s\.", screen.one("#faults [role=status]").text), 20
    )
    assert screen.one("#connection").get_attribute("role") == "status"
    screen.shoot("back")
    lost, back = screen.driver.execute_script("return told")
    assert lost == "Causerie has lost its connection." and re.fullmatch(
        r"Causerie lost its connection and came back after \d+\.\d s\.", back
    )
    screen.wait(lambda: stage.playground.online and screen.one("#bot-state").text == "Causerie is online", 20)


def test_the_tab_speaks_korean_and_is_labelled(screen: Screen, stage: Stage) -> None:
    opened(screen, "민준", "korean-한국어")

    async def make() -> None:
        stage.playground.faults.add(CallFault(route="message.edit", latency=1.5))

    stage.run(make())
    [text] = screen.wait(lambda: standing(screen))
    assert "늦추기 · 메시지 수정" in text and "지연 (초) 1.5" in text and "0번 중 0번" in text
    assert screen.one("#tab-faults").text == "장애"
    for kind in ("Late", "Status", "Drop", "Copies", "Cut"):
        choose(screen, "kind", kind)
        names = [each.accessible_name for each in screen.all("#faults :is(input, select)")]
        assert all(any("가" <= letter <= "힣" for letter in name) for name in names), names
    choose(screen, "kind", "Status")
    fill(screen, "status", "1")
    screen.button("장애 걸기").click()
    screen.wait(lambda: screen.one("#fault-status-wrong").text == "400에서 599까지의 정수입니다.")
    screen.shoot("faults-korean")
    screen.driver.get_log("browser")  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("ended", "told", "calm"),
    [
        ({"status": -9, "signal": "SIGKILL", "asked": True}, "The bot was killed (SIGKILL), as it was asked.", True),
        (
            {"status": -9, "signal": "SIGKILL", "asked": False},
            "The bot ended with SIGKILL. Its last lines:\nlast",
            False,
        ),
        ({"status": 3, "signal": None, "asked": False}, "The bot ended with status 3. Its last lines:\nlast", False),
    ],
)
def test_how_the_bot_ended_is_told(screen: Screen, ended: dict[str, object], told: str, calm: bool) -> None:
    screen.enter("Ada", "general")
    # In one go: the page looks at how this world's own bot is, and shows that.
    shown = screen.driver.execute_async_script(
        "const [ended, done] = arguments, node = document.getElementById('bot-ended');"
        "import('/page/status.js').then(({Status}) => {"
        "  Status.prototype.showEnd({...ended, lines: ['last']});"
        "  node.hidden = false; done([node.innerText, node.classList.contains('asked')]); })",
        ended,
    )
    assert shown == [told, calm]
