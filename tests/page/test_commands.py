"""Slash commands as they are typed: what the words of the line are for, what is offered, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from selenium.webdriver import Keys

from tests.page.screen import Screen
from tests.page.stage import Stage

pytestmark = pytest.mark.browser

KIND = {"name": "kind", "type": 3, "choices": [{"name": "ton", "value": "t"}, {"name": "ton long", "value": "l"}]}
OTHER = {"name": "other", "type": 3, "min_length": 2, "max_length": 9}
FLAG = {"name": "flag", "type": 5}
COUNT = {"name": "count", "type": 4, "min_value": 1, "max_value": 5}
TEXT, SIZE = {"name": "text", "type": 3}, {"name": "size", "type": 10}
FILE = {"name": "file", "type": 11, "required": True}
WHO = {"name": "who", "type": 6}


def must(option: dict[str, Any]) -> dict[str, Any]:
    return {**option, "required": True}


WORDS_AFTER: list[tuple[list[dict[str, Any]], str, dict[str, Any] | str]] = [
    # The options of /do, what is typed, and what the bot is sent or the person told.
    ([TEXT, must(OTHER)], "/do words", {"other": "words"}),
    ([TEXT, OTHER], "/do some\nwords other:xy", {"text": "some\nwords", "other": "xy"}),
    ([must(TEXT)], "/do some text:words", {"text": "words"}),
    ([must(COUNT), TEXT], "/do some", "count is still missing: write count:…"),
    ([FILE, must(TEXT)], "/do some", "file is still missing: attach a file."),
    ([], "/do some", {}),
    ([KIND, OTHER], "/do Ton some words", "other takes 2 to 9 characters."),
    ([KIND, OTHER], "/do Ton words", {"kind": "t", "other": "words"}),
    ([KIND, OTHER], "/do ton  long words", "other takes 2 to 9 characters."),
    ([KIND, TEXT], "/do ton long some words", {"kind": "l", "text": "some words"}),
    ([KIND, TEXT], "/do ton long ", {"kind": "l"}),
    ([KIND, TEXT], "/do tone", "kind does not offer “tone”."),
    ([KIND, TEXT], "/do kind:ton long x", "kind does not offer “ton long x”."),
    ([KIND, TEXT], "/do ton long text:x", {"kind": "l", "text": "x"}),
    ([KIND], "/do ton more", "kind does not offer “ton more”."),
    ([KIND, {**KIND, "name": "then"}, TEXT], "/do ton t ton", "then does not offer “t ton”."),
    ([KIND, {**KIND, "name": "then"}, TEXT], "/do ton ton long x", {"kind": "t", "then": "l", "text": "x"}),
    ([KIND, COUNT], "/do ton 3", {"kind": "t", "count": 3}),
    ([KIND, COUNT], "/do ton 6", "count takes 5 or less."),
    ([COUNT], "/do count:0", "count takes 1 or more."),
    ([COUNT], "/do count:1.5", "count takes a whole number."),
    ([SIZE], "/do size:big", "size takes a number."),
    ([SIZE], "/do size:1.5", {"size": 1.5}),
    ([FLAG], "/do flag:maybe", "flag does not offer “maybe”."),
    ([FLAG], "/do flag:true", {"flag": True}),
    ([WHO], "/do who:ada", {"who": "12"}),
    ([WHO], "/do who:13", {"who": "13"}),
    ([WHO], "/do who:Nobody", "who does not offer “Nobody”."),
    ([TEXT], f"/do {'x' * 6001}", "text takes 1 to 6000 characters."),
]


@pytest.mark.parametrize(("options", "line", "sent"), WORDS_AFTER, ids=[line[:40] for _, line, _ in WORDS_AFTER])
def test_what_words_after_a_command_are_for(
    screen: Screen, options: list[dict[str, Any]], line: str, sent: dict[str, Any] | str
) -> None:
    if not screen.driver.current_url.startswith("http"):
        screen.enter("Ada", "general")
    command = {"name": "do", "shown_name": "do", "type": 1, "options": [_as_told(option) for option in options]}
    told = screen.driver.execute_async_script(
        "const [line, command, done] = arguments;"
        "const modules = ['commands', 'words'].map((name) => import(`/page/${name}.js`));"
        "Promise.all(modules).then(([{parse, filled}, words]) => {"
        "  const from = {offers: () => [{name: 'Ada', id: '12'}], picked: new Map(), attached: []};"
        "  const before = words.locale; words.speak('en-US');"
        "  try { done(filled(parse(line, [command]), from)); } catch (error) { done(error.message); }"
        "  words.speak(before); })",
        line,
        command,
    )
    assert told == sent


def _as_told(option: dict[str, Any]) -> dict[str, Any]:
    choices = [{**each, "shown_name": each["name"]} for each in option.get("choices", ())]
    return {**option, "shown_name": option["name"], "choices": choices}


def test_what_is_refused_stays_in_the_line_and_is_explained_in_the_persons_language(screen: Screen) -> None:
    screen.enter("민준", "general")
    for typed, told in (
        ("/tune voicé loud", "항목에서 “voicé loud” 값은 고를 수 없습니다."),
        ("/tune voice very very loud", "값은 1자에서 8자까지 쓸 수 있습니다."),
    ):
        screen.type(typed + Keys.ENTER)
        screen.wait(lambda told=told: told in screen.one("#notices").text)  # type: ignore[misc]
        assert screen.line.get_attribute("value") == typed
        screen.line.clear()
    screen.type("/tune VOI")
    screen.wait(lambda: "목소리" in screen.choices())
    screen.line.clear()
    screen.type("/조율 밤의 목소리 크게" + Keys.ENTER)
    screen.message("Tuned: VOICE OF THE NIGHT to 크게")
    screen.send("/tune voice of the night low")
    screen.message("Tuned: VOICE OF THE NIGHT to low")


@pytest.mark.parametrize(("key", "left"), [(Keys.ENTER, ""), (Keys.ESCAPE, "/persona use Teacher")])
def test_choices_that_come_late_are_not_shown(screen: Screen, stage: Stage, key: str, left: str) -> None:
    stage.channel("late-choices")
    screen.enter("Ada", "late-choices")
    screen.driver.execute_script(
        "window.waiting = []; window.told = 0; const real = fetch; window.fetch = async (address, ...rest) => {"
        "  const answer = await real(address, ...rest);"
        "  if (!String(address).endsWith('/autocomplete')) return answer;"
        "  await new Promise((go) => waiting.push(go)); told += 1; return answer; }"
    )
    screen.type("/persona use Teacher")
    screen.wait(lambda: screen.driver.execute_script("return waiting.length"))
    screen.type(key)
    screen.wait(lambda: screen.line.get_attribute("value") == left)
    screen.driver.execute_script("waiting.forEach((go) => go())")
    screen.wait(lambda: screen.driver.execute_script("return told && told === waiting.length"))
    screen.driver.execute_async_script("setTimeout(() => requestAnimationFrame(arguments[0]))")
    assert not screen.choices() and not screen.one(".choices").is_displayed()
    screen.type(Keys.ENTER)
    screen.wait(lambda: screen.line.get_attribute("value") == "")
    screen.message("answers here.", ".private")


def test_english_names_lead_a_korean_person_as_the_korean_ones_do(screen: Screen) -> None:
    screen.enter("민준", "general")
    screen.type("/persona use")
    screen.offered("/페르소나 사용")
    screen.type(Keys.ENTER)
    screen.wait(lambda: screen.line.get_attribute("value") == "/페르소나 사용 이름:")
    screen.line.clear()
    # The option's name is begun behind the command's, which is longer than what it is called here.
    screen.type("/persona use na")
    screen.offered("이름:").click()
    screen.wait(lambda: screen.line.get_attribute("value") == "/persona use 이름:")
    screen.line.clear()


def test_a_command_that_the_bot_cannot_be_given_comes_back_to_the_line(screen: Screen) -> None:
    screen.enter("Ada", "general")
    screen.driver.execute_script(
        "window.waiting = []; const real = fetch; window.fetch = async (address, ...rest) => {"
        "  if (!String(address).endsWith('/commands')) return real(address, ...rest);"
        "  await new Promise((go) => waiting.push(go));"
        '  return new Response(\'{"message": "not now"}\', {status: 400}); }'
    )

    def refused() -> None:
        screen.driver.execute_script("waiting.shift()()")
        screen.wait(lambda: "That did not work: not now" in screen.one("#notices").text)
        screen.one("#notices button").click()

    screen.send("/tune pace slow")
    screen.wait(lambda: screen.line.get_attribute("value") == "")
    refused()
    assert screen.line.get_attribute("value") == "/tune pace slow"
    screen.type(Keys.ENTER)
    screen.wait(lambda: screen.line.get_attribute("value") == "")
    screen.type("something else")
    refused()
    assert screen.line.get_attribute("value") == "something else", "it was begun meanwhile"
    screen.line.clear()
