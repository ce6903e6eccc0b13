from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By

from tests.page.screen import Screen
from tests.page.stage import Stage

pytestmark = pytest.mark.browser


def test_a_message_is_sent_and_its_answer_grows_by_edits(screen: Screen, stage: Stage) -> None:
    screen.enter("Ada", "general")
    screen.send("@Causerie one two three four five six")
    answer = screen.message("You said: one two three four five six")
    assert "(edited)" in answer.text
    assert answer.find_element(By.TAG_NAME, "strong").text == "Causerie"
    channel = next(each for each in stage.playground.world.channels.values() if each.name == "general")
    assert channel.messages[-1].content.startswith("**You said:** one")
    assert channel.messages[-2].mentions.users == (stage.playground.world.bot,)
    screen.shoot("answer")


def test_a_waiting_message_is_marked_and_the_mark_is_taken_back(screen: Screen, stage: Stage) -> None:
    screen.enter("Ada", "@Causerie")
    screen.driver.execute_script(
        "window.seen = []; new MutationObserver(() => {"
        "  for (const chip of document.querySelectorAll('.chip')) window.seen.push(chip.textContent);"
        "}).observe(document.getElementById('log'), {childList: true, subtree: true})"
    )
    screen.send("wait for it")
    screen.message("You said: wait for it")
    screen.wait(lambda: not screen.all(".chip") or None)
    assert "⏳ 1" in screen.driver.execute_script("return window.seen")


def test_markdown_is_shown_as_discord_does_and_never_as_html(screen: Screen) -> None:
    screen.enter("Ada", "@Causerie")
    text = (
        "<img src=x onerror=alert(1)> **bold _both_** ~~gone~~ `a*b*` [docs](https://example.com/) "
        "[bad](javascript:alert(1)) ||hidden||"
    )
    screen.send(text)
    message = screen.message("javascript:", ":not(.mine)")
    html = message.find_element(By.CLASS_NAME, "content").get_attribute("innerHTML") or ""
    assert "&lt;img src=x" in html and "<img" not in html
    assert "<strong>bold <em>both</em></strong>" in html and "<s>gone</s>" in html and "<code>a*b*</code>" in html
    assert [link.get_attribute("href") for link in message.find_elements(By.TAG_NAME, "a")] == ["https://example.com/"]
    assert message.find_element(By.CLASS_NAME, "spoiler").get_attribute("aria-expanded") == "false"


MARKDOWN = [
    ("```py\nx = 1\n```", '<pre tabindex="0" data-language="py"><code>x = 1</code></pre>'),
    ("see ```one``` here", '<p>see </p><pre tabindex="0"><code>one</code></pre><p> here</p>'),
    ("```open\nstill", "<p>```open\nstill</p>"),
    ("- a\n- b\n  - c\n1. d", "<ul><li>a</li><li>b<ul><li>c</li></ul></li><li>d</li></ul>"),
    ("3. x\n4. y", '<ol start="3"><li>x</li><li>y</li></ol>'),
    ("> one\n> two\nthree", "<blockquote><p>one\ntwo</p></blockquote><p>three</p>"),
    (">>> all\nof it", "<blockquote><p>all\nof it</p></blockquote>"),
    ("> one\n\nthree", "<blockquote><p>one</p></blockquote><p>\nthree</p>"),
    ("## Title\ntext", '<p class="heading level-2">Title</p><p>text</p>'),
    ("2 * 3 * 4 and snake_case_name", "<p>2 * 3 * 4 and snake_case_name</p>"),
    (r"\*not\* __under__", "<p>*not* <u>under</u></p>"),
    ("**안녕**하세요", "<p><strong>안녕</strong>하세요</p>"),
    ("", ""),
]


@pytest.mark.parametrize(("text", "html"), MARKDOWN, ids=[text[:12] or "empty" for text, _ in MARKDOWN])
def test_the_forms_of_markdown(screen: Screen, text: str, html: str) -> None:
    if not screen.driver.current_url.startswith("http"):
        screen.enter("Ada", "general")
    shown = screen.driver.execute_async_script(
        "const [text, done] = arguments;"
        "import('/page/markdown.js').then(({render}) => {"
        "  const root = document.createElement('div');"
        "  root.append(render(text, {person: (id) => id, channel: (id) => id, locale: 'en-US'}));"
        "  done(root.innerHTML);"
        "});",
        text,
    )
    assert shown == html


def test_a_slash_command_with_autocomplete_gets_a_private_answer(screen: Screen) -> None:
    screen.enter("Ada", "general")
    screen.type("/per")
    assert "Put a persona to work" in screen.offered("/persona use").text
    screen.shoot("picker")
    screen.type(Keys.ENTER)
    screen.offered("Teacher")
    assert screen.line.get_attribute("value") == "/persona use name:"
    screen.type("pir")
    screen.wait(lambda: screen.choices() == ["Pirate"] or None)
    screen.type(Keys.ENTER)
    screen.wait(lambda: screen.line.get_attribute("value") == "/persona use name:Pirate " or None)
    screen.wait(lambda: not screen.choices() or None)
    screen.type(Keys.ENTER)
    answer = screen.message("Now pirate answers here.", ".private")
    assert "Only you can see this" in answer.text
    assert "Ada used /persona use" in answer.text
    screen.shoot("private")
    screen.button("Undo", answer).click()
    screen.message("Undone.", ".private")


def test_private_answers_are_seen_by_their_asker_alone_and_can_be_dismissed(screen: Screen) -> None:
    screen.enter("Grace", "general")
    screen.send("/persona use name:Poet ")
    screen.message("Grace used /persona use", ".private")
    screen.enter("Ada", "general")
    screen.send("after it")
    screen.message("after it")
    assert "Grace used" not in screen.one("#log").text
    screen.enter("Grace", "general")
    screen.button("Dismiss", screen.message("Grace used /persona use")).click()
    screen.wait(lambda: "Grace used" not in screen.one("#log").text or None)


def test_a_missing_option_and_an_unknown_command_are_said(screen: Screen) -> None:
    screen.enter("Ada", "general")
    screen.send("/persona use")
    screen.wait(lambda: "name" in (screen.line.get_attribute("value") or "") or None)
    screen.driver.execute_script("document.getElementById('composer').requestSubmit()")
    screen.wait(lambda: "name is still missing" in screen.one("#notices").text or None)
    screen.line.clear()
    screen.send("/nonsense")
    screen.wait(lambda: "There is no such command" in screen.one("#notices").text or None)


def test_a_form_is_filled_in(screen: Screen) -> None:
    screen.enter("Ada", "general")
    screen.send("/form ")
    dialog = screen.wait(lambda: screen.one("dialog[open]") if screen.all("dialog[open]") else None)
    assert dialog.find_element(By.TAG_NAME, "h2").text == "A new persona"
    assert "How it speaks" in dialog.text
    name, instructions = dialog.find_element(By.TAG_NAME, "input"), dialog.find_element(By.TAG_NAME, "textarea")
    assert instructions.get_attribute("value") == "Be kind."
    assert name.get_attribute("maxlength") == "20"
    screen.shoot("modal")
    screen.button("Submit", dialog).click()
    assert dialog.is_displayed(), "a required field is empty"
    name.send_keys("Muse")
    screen.button("Submit", dialog).click()
    screen.message("Muse: Be kind.", ".private")
    assert not screen.all("dialog")


def test_the_page_speaks_the_language_of_the_chosen_person(screen: Screen) -> None:
    screen.enter("Ada", "general")
    screen.become("민준")
    screen.wait(lambda: screen.one("html").get_attribute("lang") == "ko" or None)
    assert screen.one("#open-drawer").text == "무대 뒤"
    assert screen.line.get_attribute("placeholder") == "# general에 메시지 보내기"
    screen.type("/페르")
    assert "이 채널에서 쓸 페르소나를 고릅니다" in screen.offered("/페르소나 사용").text
    screen.type(Keys.ENTER)
    assert screen.offered("해적").text == "해적"
    assert screen.line.get_attribute("value") == "/페르소나 사용 이름:"
    screen.shoot("korean")
    screen.type("시인 " + Keys.ENTER)
    assert "나에게만 보이는 메시지" in screen.message("Now poet answers here.").text


def test_every_text_exists_in_both_languages(screen: Screen) -> None:
    if not screen.driver.current_url.startswith("http"):
        screen.enter("Ada", "general")
    english, korean = screen.driver.execute_async_script(
        "const done = arguments[0]; import('/page/words.js').then(({WORDS}) => done([WORDS.en, WORDS.ko]));"
    )
    assert english.keys() == korean.keys()
    names = re.compile(r"\{(\w+)")
    for key, text in english.items():
        assert set(names.findall(text)) == set(names.findall(korean[key])), key


def test_a_reply_an_edit_and_a_deletion(screen: Screen) -> None:
    screen.enter("Ada", "korean")
    screen.send("first words")
    screen.action(screen.message("first words"), "Reply")
    assert "Replying to Ada" in screen.one(".mode").text
    screen.send("an answer to it")
    assert "Ada first words" in screen.message("an answer to it").find_element(By.CLASS_NAME, "above").text
    screen.type(Keys.ARROW_UP)
    screen.wait(lambda: screen.line.get_attribute("value") == "an answer to it" or None)
    screen.send(" indeed")
    screen.action(screen.message("an answer to it indeed"), "Delete")
    screen.wait(lambda: "an answer to it indeed" not in screen.one("#log").text or None)


def test_a_reaction_and_a_command_of_a_messages_menu(screen: Screen) -> None:
    screen.enter("Ada", "korean")
    screen.send("worth repeating")
    screen.action(screen.message("worth repeating"), "🎉")
    chip = screen.wait(lambda: next(iter(screen.message("worth repeating").find_elements(By.CLASS_NAME, "chip")), None))
    assert chip.text == "🎉 1" and chip.get_attribute("aria-pressed") == "true"
    screen.action(screen.message("worth repeating"), "Say again")
    screen.message("Again: worth repeating")


def test_a_thread_is_opened_on_a_message_and_entered(screen: Screen) -> None:
    screen.enter("Ada", "general")
    screen.send("let us go aside")
    screen.action(screen.message("let us go aside"), "Open a thread")
    dialog = screen.wait(lambda: screen.one("dialog[open]") if screen.all("dialog[open]") else None)
    dialog.find_element(By.TAG_NAME, "input").send_keys("aside" + Keys.ENTER)
    screen.wait(lambda: screen.place == "aside" or None)
    screen.send("@Causerie in here")
    screen.message("You said: in here")
    assert "aside" in screen.one("#channels").text
    screen.shoot("thread")


def test_a_file_is_sent(screen: Screen, tmp_path_factory: pytest.TempPathFactory) -> None:
    notes = tmp_path_factory.mktemp("files") / "notes.txt"
    notes.write_text("한 줄")
    screen.enter("Ada", "@Causerie")
    screen.one("input[type=file]").send_keys(str(notes))
    screen.wait(lambda: "notes.txt" in screen.one(".tray").text or None)
    screen.type(Keys.ENTER)
    screen.message("You said: 1 file(s)")
    assert screen.message("notes.txt", ".mine").find_element(By.CSS_SELECTOR, ".file a").get_attribute("download")


def test_another_persons_typing_and_messages_appear(screen: Screen, stage: Stage) -> None:
    screen.enter("Ada", "general")
    world = stage.playground.world
    grace = next(user for user in world.users.values() if user.name == "Grace")
    channel = next(each for each in world.channels.values() if each.name == "general")
    person = stage.playground.people.person(grace.id)
    stage.run(person.type(channel))
    screen.wait(lambda: screen.one("#typing").text == "Grace is typing …" or None)
    stage.run(person.say(channel, "here I am"))
    screen.message("here I am")
    screen.wait(lambda: screen.one("#typing").text == "" or None)
    screen.go("@Causerie")
    stage.run(person.say(channel, "are you gone?"))
    screen.wait(lambda: screen.all("#servers .unread") or None)


def test_the_drawer_shows_what_the_model_was_sent(screen: Screen, stage: Stage) -> None:
    import openai

    def ask(*contents: str) -> None:
        messages = [{"role": "system", "content": "Be brief."}]
        messages += [{"role": "user", "content": content} for content in contents]
        with openai.OpenAI(base_url=stage.recorder.base_url, api_key="any") as client:
            client.chat.completions.create(model="scripted", messages=messages, temperature=0.25)  # type: ignore[arg-type]

    screen.enter("Ada", "general")
    screen.one("#open-drawer").click()
    ask("Ada: What is a channel?")
    call = screen.wait(lambda: next(iter(screen.all(".call.done")), None))
    assert "Ada: What is a channel?" in call.text and "Be brief." in call.text and "0 % cached" in call.text
    ask("Ada: What is a channel?", "Ada: And a thread?")
    newest = screen.wait(lambda: screen.all(".call")[0] if len(screen.all(".call")) == 2 else None)
    assert re.search(r"[1-9]\d % cached", newest.text)
    newest.find_element(By.TAG_NAME, "summary").click()
    parameters = newest.find_element(By.CSS_SELECTOR, "details details")
    parameters.find_element(By.TAG_NAME, "summary").click()
    assert '"temperature": 0.25' in parameters.text
    screen.shoot("drawer")
    screen.one("#close-drawer").click()
    assert not screen.one("#drawer").is_displayed()


def test_everything_can_be_done_by_keyboard(screen: Screen) -> None:
    screen.enter("Ada", "general")
    screen.send("by keyboard alone")
    sent = screen.message("by keyboard alone")
    pressed = (screen.press(Keys.SHIFT, Keys.TAB) for _ in range(8))
    next(each for each in pressed if each.get_attribute("id") == "log")
    assert screen.press(Keys.ARROW_UP) == sent
    focused = screen.press(Keys.TAB)
    assert focused.accessible_name == "Add a reaction"
    for _ in range(3):
        focused = screen.press(Keys.ARROW_RIGHT)
    assert focused.accessible_name == "More"
    screen.press(Keys.ENTER)
    screen.wait(lambda: screen.driver.switch_to.active_element.text == "👍" or None)
    screen.press(Keys.ARROW_UP)
    assert screen.driver.switch_to.active_element.text == "Delete"
    screen.press(Keys.ESCAPE)
    screen.wait(lambda: screen.driver.switch_to.active_element == focused or None)
    screen.press(Keys.ENTER)
    screen.press(Keys.ARROW_UP)
    screen.press(Keys.ENTER)
    screen.wait(lambda: "by keyboard alone" not in screen.one("#log").text or None)


def test_controls_have_names(screen: Screen) -> None:
    screen.enter("Ada", "general")
    screen.send("something to act on")
    screen.message("something to act on")
    controls = screen.all("button, select, textarea, input, summary, [role=log]")
    nameless = [
        each.get_attribute("outerHTML") for each in controls if each.is_displayed() and not each.accessible_name
    ]
    assert nameless == []


def test_it_fits_a_phone(open_browser: Callable[..., Chrome], stage: Stage) -> None:
    driver = open_browser("--window-size=500,844")
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    )
    driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    )
    screen = Screen(driver, stage.url)
    screen.enter("민준", "general")
    screen.send("@Causerie " + "아주긴낱말" * 20 + "\\`x\\` https://example.com/" + "a" * 120)
    screen.message("You said:")
    width = driver.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
    assert width == [390, 390]
    assert not screen.one("#places").is_displayed()
    screen.shoot("phone-dark")
    screen.one("#open-places").click()
    screen.wait(lambda: screen.one("#places").is_displayed() or None)
    assert screen.person == "민준"
    screen.shoot("phone-places")


def test_the_bots_state_is_shown(screen: Screen, stage: Stage) -> None:
    screen.enter("Ada", "general")
    screen.wait(lambda: screen.one("#bot-state").text == "Causerie is online" or None)
    assert not screen.one("#bot-controls").is_displayed(), "this bot is nobody's to start"
