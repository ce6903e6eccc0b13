"""For everybody: by keyboard, with a screen reader, on a phone, in both colours, and with nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from playground.faults import CallFault
from tests.page.screen import Screen
from tests.page.stage import Stage

pytestmark = pytest.mark.browser

# The lowest contrast of text with the first opaque ground behind it, by the formula of WCAG 2.2 (1.4.3): 4.5 for
# text, 3 for large text. What is hidden, disabled or only drawn (aria-hidden) is left out, as it is there.
CONTRAST = """
const channel = (value) => (value /= 255, value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
const parsed = (text) => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = text;
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
  return [r, g, b, a / 255];
};
const over = ([r, g, b, a], ground) => [r, g, b].map((value, index) => value * a + ground[index] * (1 - a));
const groundOf = (node) => {
  const layers = [];
  for (let at = node; at; at = at.parentElement) layers.push(parsed(getComputedStyle(at).backgroundColor));
  return layers.reverse().reduce((ground, layer) => over(layer, ground), [255, 255, 255]);
};
const poor = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const node = walker.currentNode.parentElement;
  const style = getComputedStyle(node);
  const seen = node.checkVisibility({opacityProperty: true, visibilityProperty: true});
  if (!walker.currentNode.data.trim() || !seen) continue;
  if (node.closest("[aria-hidden=true], :disabled, .unseen, .spoiler[aria-expanded=false], option")) continue;
  const ground = groundOf(node);
  const [one, other] = [light(over(parsed(style.color), ground)), light(ground)].sort((a, b) => b - a);
  const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
  const ratio = (one + 0.05) / (other + 0.05);
  if (ratio < (large ? 3 : 4.5)) poor.push([walker.currentNode.data.trim().slice(0, 30), node.className, ratio]);
}
return poor;
"""

# Controls without a name, ids used twice, images without a text, positive tab stops, things that labels point to.
FAULTS = """
const faults = [];
const ids = [...document.querySelectorAll("[id]")].map((each) => each.id);
for (const id of new Set(ids)) if (ids.filter((each) => each === id).length > 1) faults.push(`id twice: ${id}`);
for (const node of document.querySelectorAll("img:not([alt])")) faults.push(`no alt: ${node.src}`);
for (const node of document.querySelectorAll("[tabindex]")) if (node.tabIndex > 0) faults.push(`order: ${node.id}`);
for (const name of ["aria-controls", "aria-labelledby", "aria-describedby", "aria-activedescendant", "for"]) {
  for (const node of document.querySelectorAll(`[${name}]`)) {
    const missing = node.getAttribute(name).split(" ").filter((id) => !document.getElementById(id));
    faults.push(...missing.map((id) => `${name}: ${id}`));
  }
}
for (const [role, owner] of Object.entries({option: "listbox", menuitem: "menu", tab: "tablist"})) {
  const lost = [...document.querySelectorAll(`[role=${role}]`)].filter((each) => !each.closest(`[role=${owner}]`));
  faults.push(...lost.map((each) => `${role} outside: ${each.outerHTML}`));
}
return faults;
"""
CONTROLS = "button, select, textarea, input, summary, [role=log], [role=tabpanel], nav, aside, article, dialog, meter"


TABS = ("calls", "timeline", "meter", "faults")


def choose(screen: Screen, tab: str) -> None:
    screen.one(f"#tab-{tab}").click()
    if tab == "faults":
        # With a fault in force and one refused.
        screen.wait(lambda: screen.all("#fault-status"))
        screen.one("#fault-status").send_keys(Keys.BACKSPACE * 3 + Keys.ENTER)
        screen.wait(lambda: screen.one("#fault-status-wrong").text)
        screen.driver.get_log("browser")  # type: ignore[no-untyped-call]


async def fail(stage: Stage) -> None:
    stage.playground.faults.add(CallFault(route="DELETE /channels/*", status=503))


def staged(screen: Screen, stage: Stage) -> None:
    """Something of everything: an answer, a private one, an embed, buttons, a select, a file, a quotation."""
    channel = stage.channel("everything")
    screen.enter("Ada", "everything")
    if not channel.messages:
        stage.run(
            stage.person("Grace").say(channel, f"hi <@{stage.person('Ada').user.id}>", files=[("a.txt", b"one\ntwo")])
        )
        row = [
            {"type": 2, "style": style, "label": f"Style {style}", "custom_id": str(style)} for style in (1, 2, 3, 4)
        ]
        options = [{"label": "One", "value": "1", "description": "first"}, {"label": "Two", "value": "2"}]
        select = {"type": 3, "custom_id": "s", "placeholder": "Choose one", "options": options}
        text = "# Title\n-# small\n> quoted\n```py\nx = 1\n```\n`code` [link](https://example.com) <@1> ||spoiler||"
        components = [{"type": 1, "components": row}, {"type": 1, "components": [select]}]
        embeds = [{"title": "A title", "description": "words", "footer": {"text": "foot"}}]
        reference = {"message_id": str(channel.messages[-1].id)}
        said = {"content": text, "components": components, "embeds": embeds, "message_reference": reference}
        sent = stage.bot("POST", f"/channels/{channel.id}/messages", said)
        stage.run(stage.person("Ada").react(channel.by_id[int(sent["id"])], "👍"))
    stage.run(fail(stage))
    screen.send("/persona use name:Poet ")
    screen.message("answers here", ".private")
    screen.one("#open-drawer").click()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read_in_both_colours(screen: Screen, stage: Stage, theme: str) -> None:
    screen.enter("Ada", "general")
    screen.driver.execute_script("localStorage.setItem('theme', arguments[0])", theme)
    try:
        staged(screen, stage)
        for tab in TABS:
            choose(screen, tab)
            assert screen.driver.execute_script(CONTRAST) == []
        screen.one("#close-drawer").click()
        screen.type("/")
        screen.wait(screen.choices)
        assert screen.driver.execute_script(CONTRAST) == []
        screen.shoot(f"everything-{theme}")
        screen.line.clear()
        screen.go("questions-질문")
        screen.wait(lambda: screen.all(".new-post"))
        assert screen.driver.execute_script(CONTRAST) == []
    finally:
        screen.driver.execute_script("localStorage.removeItem('theme')")


def test_everything_has_a_name_and_a_role_that_fits(screen: Screen, stage: Stage) -> None:
    staged(screen, stage)

    def faults() -> list[str]:
        found: list[str] = screen.driver.execute_script(FAULTS)
        shown = "return [...document.querySelectorAll(arguments[0])].filter((each) => each.checkVisibility())"
        nameless = [each for each in screen.driver.execute_script(shown, CONTROLS) if not each.accessible_name]
        return [*found, *(str(each.get_attribute("outerHTML")) for each in nameless)]

    def settled() -> list[str]:
        # Asked again where a thing looked at has gone meanwhile, as the bar of a window that closed.
        [found] = screen.wait(lambda: (faults(),))
        return found

    for tab in TABS:
        choose(screen, tab)
        assert settled() == []
    screen.one("#close-drawer").click()
    answer = screen.message("Choose one")
    answer.find_element(By.CLASS_NAME, "select").click()
    assert screen.driver.switch_to.active_element.get_attribute("role") == "option"
    assert settled() == []
    screen.press(Keys.ESCAPE)
    screen.type("/persona use name:")
    screen.wait(screen.choices)
    assert screen.line.get_attribute("aria-expanded") == "true"
    assert settled() == []
    screen.line.clear()
    screen.send("/form ")
    dialog = screen.wait(lambda: next(iter(screen.all("dialog[open]")), None))
    # What lies behind it is inert, and has no names then.
    fields = dialog.find_elements(By.CSS_SELECTOR, CONTROLS)
    assert [each.accessible_name for each in [dialog, *fields]] == [
        *("A new persona", "Name *", "Instructions", "Cancel", "Submit")
    ]
    screen.press(Keys.ESCAPE)
    screen.wait(lambda: screen.driver.switch_to.active_element == screen.line)
    screen.go("questions-질문")
    screen.wait(lambda: screen.all(".new-post"))
    assert settled() == []


def test_new_messages_are_told_to_a_screen_reader_once_they_rest(screen: Screen, stage: Stage) -> None:
    stage.channel("told")
    screen.enter("Ada", "told")
    told = screen.one("#settled")
    assert told.get_attribute("aria-live") == "polite"
    stage.run(stage.person("Grace").say(stage.channel("told"), "spoken **words**"))
    screen.wait(lambda: told.get_attribute("textContent") == "Grace: spoken words")
    screen.driver.execute_script(
        "window.told = []; new MutationObserver(() => told.push(document.getElementById('settled').textContent))"
        ".observe(document.getElementById('settled'), {childList: true, characterData: true, subtree: true})"
    )
    screen.send("@Causerie one two three four")
    screen.message("You said: one two three four", ":not(.mine)")
    screen.wait(lambda: "You said: one two three four" in (told.get_attribute("textContent") or ""))
    assert screen.driver.execute_script("return told") == ["Causerie: You said: one two three four"], "not each edit"


def test_a_message_is_acted_upon_by_keyboard_alone(screen: Screen, stage: Stage) -> None:
    stage.channel("keys")
    screen.enter("Ada", "keys")
    screen.send("by keyboard alone")
    sent = screen.message("by keyboard alone")
    pressed = (screen.press(Keys.SHIFT, Keys.TAB) for _ in range(8))
    next(each for each in pressed if each.get_attribute("id") == "log")
    assert screen.press(Keys.ARROW_UP) == sent
    assert screen.press(Keys.TAB).accessible_name == "Add a reaction"
    focused = [screen.press(Keys.ARROW_RIGHT) for _ in range(3)][-1]
    assert focused.accessible_name == "More"
    screen.press(Keys.ENTER)
    screen.wait(lambda: screen.driver.switch_to.active_element.text == "👍")
    assert screen.press(Keys.ARROW_UP).text == "Delete"
    screen.press(Keys.ESCAPE)
    screen.wait(lambda: screen.driver.switch_to.active_element == focused)
    screen.press(Keys.ENTER)
    screen.press(Keys.ARROW_UP)
    assert screen.press(Keys.ENTER).text == "Delete", "of the question whether it shall be so"
    screen.press(Keys.ENTER)
    screen.wait(lambda: "by keyboard alone" not in screen.one("#log").text)
    screen.wait(lambda: screen.driver.switch_to.active_element == screen.one("#log"))


def test_keys_act_on_the_message_that_holds_the_focus(screen: Screen, stage: Stage) -> None:
    channel = stage.channel("inside")
    if not channel.messages:
        text = "see https://nowhere.test/ and [that](https://nowhere.test/that)"
        for number in range(3):
            stage.run(stage.person("Ada").say(channel, f"{text} {number}", files=[("a.txt", b"one")]))
    screen.enter("Ada", "inside")

    def on_a_link(place: int) -> WebElement:
        message = screen.all(".message")[place]
        message.find_element(By.CSS_SELECTOR, ".file a").send_keys(Keys.SHIFT)
        assert screen.driver.switch_to.active_element.tag_name == "a"
        return message

    on_a_link(0)
    assert screen.press(Keys.END) == screen.all(".message")[-1]
    on_a_link(1)
    assert screen.press(Keys.ARROW_UP) == screen.all(".message")[0]
    on_a_link(1)
    screen.press("r")
    assert "Replying to Ada" in screen.one(".mode").text and screen.line.get_attribute("value") == ""
    screen.press(Keys.ESCAPE)
    message = on_a_link(1)
    assert screen.press("+").find_elements(By.XPATH, "ancestor::*[contains(@class, 'emoji')]")
    screen.press(Keys.ESCAPE)
    on_a_link(1)
    screen.press("e")
    assert str(screen.line.get_attribute("value")).endswith(" 1")
    screen.press(Keys.ESCAPE)
    # Tab: through the links of the message that has the focus, its bar, and on to what stands below the log.
    message.click()
    screen.press(Keys.ESCAPE)
    screen.driver.execute_script("arguments[0].focus()", message)
    assert [screen.press(Keys.TAB).tag_name for _ in range(4)] == ["a", "a", "a", "pre"]
    assert screen.press(Keys.TAB).accessible_name == "Add a reaction"
    left = [screen.press(Keys.TAB).accessible_name for _ in range(5)]
    assert left == ["Reply", "Edit", "More", "Attach a file", "Message # inside"]


def test_the_arrows_read_a_long_line_of_code(screen: Screen, stage: Stage) -> None:
    channel = stage.channel("code")
    for text in ("before", "```\n" + "wide " * 200 + "\n```", "after"):
        stage.run(stage.person("Grace").say(channel, text))
    screen.enter("Ada", "code")
    screen.driver.execute_script("arguments[0].focus()", screen.message("wide"))
    code = screen.press(Keys.TAB)
    assert code.tag_name == "pre"
    screen.press(Keys.ARROW_RIGHT)
    screen.wait(lambda: float(str(code.get_property("scrollLeft"))) > 0)
    for arrow in (Keys.ARROW_UP, Keys.ARROW_DOWN):
        assert screen.press(arrow) == code
    assert screen.press(Keys.HOME) == screen.all(".message")[0], "other keys lead on"


def test_a_select_and_a_button_are_used_by_keyboard_alone(screen: Screen, stage: Stage) -> None:
    staged(screen, stage)
    screen.press(Keys.ESCAPE)

    def select() -> WebElement:
        return screen.message("Choose one").find_element(By.CLASS_NAME, "select")

    select().send_keys(Keys.ENTER)
    assert screen.press(Keys.ARROW_DOWN).text.startswith("Two")
    # The message may be drawn anew while the list is open.
    message = next(each for each in stage.channel("everything").messages if each.content.startswith("# Title"))
    stage.run(stage.person("Grace").react(message, "🎉"))
    screen.wait(lambda: "🎉" in screen.message("Choose one").text or None)
    screen.press(Keys.ESCAPE)
    screen.wait(lambda: screen.driver.switch_to.active_element == select() or None)
    screen.wait(lambda: select().get_attribute("aria-expanded") == "false" or None)
    undo = screen.button("Undo", screen.message("answers here", ".private"))
    undo.send_keys(Keys.ENTER)
    screen.message("Undone.", ".private")


@pytest.fixture
def phone(open_browser: Callable[..., Chrome], stage: Stage) -> Screen:
    driver = open_browser("--window-size=500,740")
    metrics = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    dark = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", dark)
    return Screen(driver, stage.url)


def test_it_fits_a_phone(phone: Screen, stage: Stage) -> None:
    phone.enter("민준", "general")
    phone.send("@Causerie " + "아주긴낱말" * 20 + "\\`x\\` https://example.com/" + "a" * 120)
    phone.message("You said:")

    def fits() -> bool:
        widths: Any = phone.driver.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
        return bool(widths == [360, 360])

    assert fits() and not phone.one("#places").is_displayed()
    assert phone.driver.execute_script(CONTRAST) == []
    phone.shoot("phone-dark")
    phone.one("#open-places").click()
    phone.wait(lambda: phone.one("#places").is_displayed())
    assert phone.person == "민준" and fits()
    phone.shoot("phone-places")
    phone.press(Keys.ESCAPE)
    phone.wait(lambda: not phone.one("#places").is_displayed())
    phone.one("#open-drawer").click()
    assert phone.one("#drawer").size["width"] == 360 and fits()
    phone.one("#close-drawer").click()
    phone.become("Ada")
    phone.one("#open-drawer").click()
    tabs = phone.all("[role=tab]")
    phone.wait(lambda: tabs[-1].text == "Faults")
    assert tabs[-1].rect["x"] + tabs[-1].rect["width"] < phone.one("#close-drawer").rect["x"]
    assert len({each.rect["y"] for each in tabs}) == 1 and tabs[0].size["height"] < 40
    tabs[-1].click()
    phone.wait(lambda: phone.all("#fault-kind"))
    assert fits()
    phone.one("#close-drawer").click()
    phone.go("questions-질문")
    assert phone.wait(lambda: phone.all(".new-post")) and fits()
    phone.go("general")
    phone.send("/form ")
    dialog = phone.wait(lambda: next(iter(phone.all("dialog[open]")), None))
    assert dialog.size["width"] <= 360 and fits()


LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"


def crowded(stage: Stage) -> None:
    """What is wide, long or many, each once."""
    channel = stage.channel("crowded")
    if channel.messages:
        return
    code = "```py\nx = " + "'a line that goes on and on' + " * 60 + "''\n```"
    sent = stage.bot("POST", f"/channels/{channel.id}/messages", {"content": code})
    for emoji in ["👍", "❤️", "😂", "🎉", "👀", "🙏", "👏", "💯", "🔥", "✅", "❌", "⭐"]:
        stage.run(stage.person("Ada").react(channel.by_id[int(sent["id"])], emoji))
    files = [(f"{LONG}-{number}.bin", b"\0") for number in range(10)]
    stage.run(stage.person("Grace").say(channel, LONG * 3, files=files))
    media = {"url": f"https://nowhere.test/{'picture' * 12}.png"}
    fields = [{"name": LONG, "value": LONG, "inline": number > 1} for number in range(4)]
    embed = {"title": LONG, "description": LONG, "footer": {"text": LONG}, "author": {"name": LONG}, "image": media}
    stage.bot("POST", f"/channels/{channel.id}/messages", {"embeds": [{**embed, "thumbnail": media, "fields": fields}]})
    button = {"type": 2, "style": 1, "label": LONG[:80], "custom_id": "b"}
    option = {"label": LONG[:100], "value": "1", "description": LONG[:100]}
    parts = [
        {"type": 10, "content": f"# {LONG}\n- {LONG}"},
        {"type": 9, "components": [{"type": 10, "content": LONG}], "accessory": button | {"custom_id": "a"}},
        {"type": 9, "components": [{"type": 10, "content": "short"}], "accessory": {"type": 11, "media": media}},
        {"type": 14},
        {"type": 12, "items": [{"media": media}, {"media": media}]},
        {"type": 1, "components": [button]},
        {"type": 1, "components": [{"type": 3, "custom_id": "s", "placeholder": LONG, "options": [option]}]},
    ]
    shown = {"flags": 1 << 15, "components": [{"type": 17, "accent_color": 0x2F6F9F, "components": parts}]}
    assert "id" in stage.bot("POST", f"/channels/{channel.id}/messages", shown)


WIDE = """
const log = document.getElementById("log"), right = log.getBoundingClientRect().left + log.clientWidth;
const clips = (node) => getComputedStyle(node).overflowX !== "visible";
const scrolls = (node) => node && node !== log && (clips(node) || scrolls(node.parentNode));
return [...log.querySelectorAll("*")]
  .filter((node) => node.getBoundingClientRect().right > right + 1 && !scrolls(node.parentNode))
  .map((node) => node.outerHTML.slice(0, 200));
"""


def test_what_is_wide_stays_within_its_message(screen: Screen, phone: Screen, stage: Stage) -> None:
    crowded(stage)
    for each in (screen, phone):
        each.enter("Ada", "crowded")
        each.wait(lambda each=each: len(each.all(".message")) == 4)  # type: ignore[misc]
        assert each.driver.execute_script(WIDE) == []
        widths = "const {scrollWidth, clientWidth} = document.getElementById('log'); return scrollWidth - clientWidth"
        assert each.driver.execute_script(widths) == 0
        assert each.driver.execute_script(CONTRAST) == [] and each.driver.execute_script(FAULTS) == []
    phone.shoot("crowded")


def test_nothing_is_loaded_from_another_host(screen: Screen, stage: Stage) -> None:
    staged(screen, stage)
    screen.driver.refresh()
    screen.message("Choose one")
    loaded: list[str] = screen.driver.execute_script(
        "return performance.getEntries().filter((each) => each.initiatorType || each.entryType === 'navigation')"
        ".map((each) => new URL(each.name).host)"
    )
    assert len(loaded) > 20 and set(loaded) == {stage.url.removeprefix("http://")}
    policy: str = screen.driver.execute_async_script(
        "fetch('/').then((answer) => arguments[0](answer.headers.get('Content-Security-Policy')))"
    )
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
