from __future__ import annotations

import base64
import re

import pytest
from selenium.webdriver import Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from playground.api import feed
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
    message = screen.message("hidden", ":not(.mine)")
    # The quoted line above the answer has all the words from the start; the answer grows, and gets a preview.
    screen.wait(lambda: "hidden" in message.find_element(By.CLASS_NAME, "content").text or None)
    content = message.find_element(By.CLASS_NAME, "content")
    html = content.get_attribute("innerHTML") or ""
    assert "&lt;img src=x" in html and "<img" not in html
    assert "<strong>bold <em>both</em></strong>" in html and "<s>gone</s>" in html and "<code>a*b*</code>" in html
    assert [link.get_attribute("href") for link in content.find_elements(By.TAG_NAME, "a")] == ["https://example.com/"]
    assert content.find_element(By.CLASS_NAME, "spoiler").get_attribute("aria-expanded") == "false"


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
    screen.wait(lambda: "name is still missing: write name:…" in screen.one("#notices").text or None)
    screen.type(Keys.BACKSPACE)
    assert not screen.one("#notices").text, "it was about the line as it was"
    screen.line.clear()
    screen.send("/nonsense")
    screen.wait(lambda: "You have no such command here" in screen.one("#notices").text or None)


def test_words_after_a_command_are_for_its_first_required_option(screen: Screen) -> None:
    screen.enter("Ada", "general")
    screen.type("/ask in plain words")
    screen.wait(lambda: "What you want to know" in screen.one(".choices .about").text)
    screen.offered("tone").click()
    screen.wait(lambda: screen.line.get_attribute("value") == "/ask in plain words tone:")
    screen.type("stern" + Keys.ENTER + Keys.ENTER)
    screen.message("in plain words (stern, no file)")
    screen.type("/persona use Tea")
    screen.wait(lambda: screen.choices() == ["Teacher"])
    screen.type(Keys.ENTER)
    screen.wait(lambda: screen.line.get_attribute("value") == "/persona use Teacher " and not screen.choices())
    screen.type(Keys.ENTER)
    screen.message("Now teacher answers here.", ".private")


def test_a_single_word_after_a_command_is_its_value_and_may_become_a_name(screen: Screen) -> None:
    screen.enter("Ada", "general")
    screen.type("/ask pr")
    screen.wait(lambda: screen.choices() and "prompt:" in screen.choices()[0])
    screen.type(Keys.ENTER)
    screen.message("pr (plain, no file)")
    screen.type("/ask pr")
    screen.wait(lambda: screen.choices() and "prompt:" in screen.choices()[0])
    screen.type(Keys.TAB + Keys.TAB)
    screen.wait(lambda: screen.line.get_attribute("value") == "/ask prompt:")
    screen.line.clear()


def test_the_option_being_written_is_explained_and_others_are_offered(screen: Screen) -> None:
    screen.enter("Ada", "general")
    screen.type("/as")
    screen.offered("/ask")
    screen.type(Keys.ENTER)
    about = screen.one(".choices .about")
    screen.wait(lambda: "What you want to know" in about.text)
    assert about.text.endswith("required · +3 optional") and about.get_attribute("aria-live") == "polite"
    screen.type("why is it so: tell me")
    screen.wait(lambda: screen.choices() == ["file:", "private:", "tone:"])
    screen.shoot("options")
    screen.offered("private").click()
    screen.offered("True").click()
    screen.wait(lambda: screen.line.get_attribute("value") == "/ask prompt:why is it so: tell me private:True ")
    # By keyboard: nothing optional is picked unasked.
    screen.wait(lambda: screen.choices() and screen.choices()[-1].startswith("tone:"))
    screen.type(Keys.ARROW_DOWN + Keys.ARROW_DOWN + Keys.ENTER)
    screen.wait(lambda: "How it sounds" in about.text)
    screen.type("kind" + Keys.ENTER + Keys.ENTER)
    screen.message("why is it so: tell me (kind, no file)", ".private")


def test_what_may_follow_is_reached_by_tab(screen: Screen) -> None:
    screen.enter("Ada", "general")
    screen.type("/ask prompt:When is it? ")
    screen.wait(lambda: screen.choices() == ["file:", "private:", "tone:"])

    def marked() -> list[str]:
        return [each.text for each in screen.all("#choices [aria-selected=true]")]

    assert marked() == []
    screen.type(Keys.TAB)
    assert marked() == ["file:"] and screen.driver.switch_to.active_element == screen.line
    screen.type(Keys.ARROW_DOWN + Keys.TAB)
    screen.wait(lambda: screen.line.get_attribute("value") == "/ask prompt:When is it? private:")
    screen.line.clear()


def test_a_file_is_given_to_an_option(screen: Screen, tmp_path_factory: pytest.TempPathFactory) -> None:
    notes = tmp_path_factory.mktemp("files") / "notes.txt"
    notes.write_text("words")
    screen.enter("Ada", "general")
    screen.driver.execute_cdp_cmd("Page.setInterceptFileChooserDialog", {"enabled": True})
    try:
        screen.type("/ask prompt:what is this?")
        screen.offered("file").click()
        screen.one("#composer input[type=file]").send_keys(str(notes))
        screen.wait(lambda: screen.one(".tray").text == "file: notes.txt")
        screen.wait(lambda: "file:" not in screen.choices())
        screen.one("#composer input[type=file]").send_keys(str(notes))
        screen.type(Keys.ENTER)
        screen.wait(lambda: "does not take so many files" in screen.one("#notices").text)
        screen.all(".tray button")[-1].click()
        screen.type(Keys.ENTER)
        screen.message("what is this? (plain, notes.txt)")
    finally:
        screen.driver.execute_cdp_cmd("Page.setInterceptFileChooserDialog", {"enabled": False})


def test_a_file_chosen_after_a_choice_was_given_up_is_for_no_option(
    screen: Screen, tmp_path_factory: pytest.TempPathFactory
) -> None:
    notes = tmp_path_factory.mktemp("files") / "notes.txt"
    notes.write_text("words")
    screen.enter("Ada", "general")
    screen.driver.execute_cdp_cmd("Page.setInterceptFileChooserDialog", {"enabled": True})
    try:
        screen.type("/ask prompt:what is this?")
        screen.offered("file").click()
        picker = screen.one("#composer input[type=file]")
        screen.driver.execute_script("arguments[0].dispatchEvent(new Event('cancel'))", picker)
        picker.send_keys(str(notes))
        screen.wait(lambda: screen.one(".tray").text == "notes.txt")
    finally:
        screen.driver.execute_cdp_cmd("Page.setInterceptFileChooserDialog", {"enabled": False})


def test_of_names_that_begin_alike_the_longer_is_meant(screen: Screen, stage: Stage) -> None:
    tree, house, general = (stage.channel(name) for name in ("tree", "tree-house", "general"))
    screen.enter("Ada", "general")
    screen.send("climb #tree-house and #tree")
    screen.wait(lambda: general.messages[-1].content == f"climb <#{house.id}> and <#{tree.id}>")


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
    screen.wait(lambda: not screen.all("dialog"))


def test_after_a_form_was_dismissed_the_line_takes_what_is_typed(screen: Screen) -> None:
    screen.enter("Ada", "general")
    for number in range(3):
        screen.send("/form ")
        screen.wait(lambda: screen.all("dialog[open]"))
        screen.press(Keys.ESCAPE)
        screen.wait(lambda: not screen.all("dialog"))
        screen.type(str(number))
        screen.wait(lambda: screen.line.get_attribute("value"))
        screen.line.clear()


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
    answer = screen.message("Now poet answers here.")
    assert "나에게만 보이는 메시지" in answer.text
    assert "민준 님이 /페르소나 사용 사용" in answer.find_element(By.CLASS_NAME, "above").text


def test_commands_that_are_named_have_their_names_in_the_persons_language(screen: Screen, stage: Stage) -> None:
    channel = stage.channel("named")
    stage.bot("POST", f"/channels/{channel.id}/messages", {"content": "use </persona use:1>"})
    screen.enter("민준", "named")
    screen.button("/페르소나 사용", screen.message("use")).click()
    assert "이 채널에서 쓸 페르소나를 고릅니다" in screen.offered("/페르소나 사용").text
    assert screen.line.get_attribute("value") == "/페르소나 사용"
    screen.enter("Ada", "named")
    assert screen.message("use").find_element(By.CLASS_NAME, "mention").text == "/persona use"


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
    screen.enter("Ada", "korean-한국어")
    screen.send("first words")
    screen.action(screen.message("first words"), "Reply")
    assert "Replying to Ada: first words" in screen.one(".mode").text
    screen.send("an answer to it")
    assert "Ada first words" in screen.message("an answer to it").find_element(By.CLASS_NAME, "above").text
    screen.message("an answer to it").find_element(By.CLASS_NAME, "above").click()
    screen.wait(lambda: "an answer" not in screen.driver.switch_to.active_element.text)
    assert "first words" in screen.driver.switch_to.active_element.text
    screen.type(Keys.ARROW_UP)
    screen.wait(lambda: screen.line.get_attribute("value") == "an answer to it" or None)
    screen.send(" indeed")
    screen.action(screen.message("an answer to it indeed"), "Delete")
    screen.button("Delete", asked(screen)).click()
    screen.wait(lambda: "an answer to it indeed" not in screen.one("#log").text or None)


def asked(screen: Screen) -> WebElement:
    return screen.wait(lambda: next(iter(screen.all("dialog[open]")), None))


def test_a_deletion_is_asked_about_and_can_be_thought_better_of(screen: Screen) -> None:
    screen.enter("Ada", "korean-한국어")
    screen.send("better **kept**")
    for leave in (lambda: screen.button("Cancel", asked(screen)).click(), lambda: screen.press(Keys.ESCAPE)):
        screen.action(screen.message("better kept"), "Delete")
        dialog = asked(screen)
        assert dialog.aria_role == "alertdialog" and dialog.accessible_name == "Delete the message?"
        assert "better kept" in dialog.text and "cannot be taken back" in dialog.text
        assert screen.driver.switch_to.active_element.text == "Delete"
        screen.shoot("delete")
        leave()
        screen.wait(lambda: not screen.all("dialog"))
        assert screen.driver.switch_to.active_element == screen.message("better kept")
    screen.press(Keys.SHIFT, Keys.DELETE)
    screen.wait(lambda: "better kept" not in screen.one("#log").text)
    assert not screen.all("dialog"), "with Shift it is not asked about"


def test_a_reaction_and_a_command_of_a_messages_menu(screen: Screen) -> None:
    screen.enter("Ada", "korean-한국어")
    screen.send("worth repeating")
    screen.action(screen.message("worth repeating"), "Add a reaction")
    screen.button("🎉", screen.one(".emoji")).click()
    chip = screen.wait(lambda: next(iter(screen.message("worth repeating").find_elements(By.CLASS_NAME, "chip")), None))
    assert chip.text == "🎉 1" and chip.get_attribute("aria-pressed") == "true"
    chip.click()
    screen.wait(lambda: not screen.message("worth repeating").find_elements(By.CLASS_NAME, "chip"))
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
    notes.write_text("\n".join(f"줄 {number}" for number in range(9)))
    screen.enter("Ada", "@Causerie")
    screen.one("input[type=file]").send_keys(str(notes))
    screen.wait(lambda: "notes.txt" in screen.one(".tray").text or None)
    screen.type(Keys.ENTER)
    screen.message("You said: 1 file(s)")
    sent = screen.message("줄 5", ".mine")
    assert sent.find_element(By.CSS_SELECTOR, ".file a").get_attribute("download") == "notes.txt"
    assert "줄 6" not in sent.text
    screen.button("Show 3 more lines", sent).click()
    assert "줄 8" in sent.text


def test_channels_and_commands_that_are_named_can_be_pressed(screen: Screen, stage: Stage) -> None:
    channel = stage.channel("pointed")
    text = f"see <#{stage.channel('general').id}> or use </persona use:1>"
    stage.bot("POST", f"/channels/{channel.id}/messages", {"content": text})
    screen.enter("Ada", "pointed")
    message = screen.message("see #general")
    screen.button("/persona use", message).click()
    assert "Put a persona to work" in screen.offered("/persona use").text
    assert screen.line.get_attribute("value") == "/persona use"
    screen.button("#general", screen.message("see #general")).click()
    screen.wait(lambda: screen.place == "# general")


def test_a_picture_is_shown(screen: Screen, stage: Stage) -> None:
    pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    picture = [("pixel.png", base64.b64decode(pixel))]
    stage.run(stage.person("Grace").say(stage.channel("general"), "a picture", files=picture))
    screen.enter("Ada", "general")
    image = screen.message("a picture").find_element(By.CSS_SELECTOR, ".image img")
    screen.wait(lambda: screen.driver.execute_script("return arguments[0].naturalWidth", image) == 1)
    assert image.get_attribute("alt") == "pixel.png"


def test_another_persons_typing_and_messages_appear(screen: Screen, stage: Stage) -> None:
    screen.enter("Ada", "general")
    channel, person = stage.channel("general"), stage.person("Grace")
    stage.run(person.type(channel))
    screen.wait(lambda: screen.one("#typing").text == "Grace is typing …" or None)
    stage.run(person.say(channel, "here I am"))
    screen.message("here I am")
    screen.wait(lambda: screen.one("#typing").text == "" or None)


def test_a_connection_that_is_lost_and_found_again_is_told(screen: Screen, stage: Stage) -> None:
    screen.enter("Ada", "general")
    line = screen.one("#connection")
    stage.run(feed.close(stage.playground.app))
    screen.wait(lambda: line.text == "The playground does not answer. Trying again …")
    stage.run(stage.person("Grace").say(stage.channel("general"), "said meanwhile"))
    screen.wait(lambda: line.text == "The playground answers again.")
    screen.message("said meanwhile")


def test_the_bots_state_is_shown(screen: Screen, stage: Stage) -> None:
    screen.enter("Ada", "general")
    screen.wait(lambda: screen.one("#bot-state").text == "Causerie is online" or None)
    assert not screen.one("#bot-controls").is_displayed(), "this bot is nobody's to start"
