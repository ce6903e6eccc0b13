"""Forms with something to choose, as discord.py sends them and as it understands what comes back."""

from __future__ import annotations

from pathlib import Path

import pytest
from selenium.webdriver import Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select

from tests.page.screen import Screen

pytestmark = pytest.mark.browser


def opened(screen: Screen, command: str) -> WebElement:
    screen.enter("Ada", "general")
    screen.send(f"/{command} ")
    return screen.wait(lambda: next(iter(screen.all("dialog[open]")), None))


def labelled(dialog: WebElement, name: str) -> WebElement:
    """The control that is called so."""
    controls = dialog.find_elements(By.CSS_SELECTOR, "input, select, textarea")
    return next(each for each in controls if each.accessible_name.removesuffix(" *").startswith(name))


def test_what_there_is_to_choose_in_a_form_is_chosen_and_handed_in(screen: Screen, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("words")
    dialog = opened(screen, "survey")
    Select(labelled(dialog, "Friend")).select_by_visible_text("민준")
    labelled(dialog, "Paper").send_keys(str(tmp_path / "notes.txt"))
    labelled(dialog, "stern").click()
    labelled(dialog, "apple").click()
    labelled(dialog, "cherry").click()
    labelled(dialog, "Sure").click()
    assert "One cherry" in dialog.text
    screen.shoot("survey")
    screen.button("Submit", dialog).click()
    screen.message("['민준'] ['notes.txt'] stern ['apple', 'cherry'] True", ".private")
    screen.wait(lambda: not screen.all("dialog"))


def test_a_refused_form_stays_with_its_input_and_what_is_optional_stays_empty(screen: Screen) -> None:
    dialog = opened(screen, "survey")
    labelled(dialog, "kind").click()
    screen.button("Submit", dialog).click()
    wrong = dialog.find_element(By.CSS_SELECTOR, "[role=alert]")
    screen.wait(lambda: "Fruit takes 1 to 2" in wrong.text)
    screen.shoot("survey-refused")
    # The refusal itself.
    screen.driver.get_log("browser")  # type: ignore[no-untyped-call]
    assert labelled(dialog, "kind").is_selected()
    labelled(dialog, "banana").click()
    screen.button("Submit", dialog).click()
    screen.message("[] [] kind ['banana'] False", ".private")
    screen.wait(lambda: not screen.all("dialog"))


def test_radios_are_chosen_by_keyboard(screen: Screen) -> None:
    dialog = opened(screen, "survey")
    labelled(dialog, "kind").send_keys(Keys.SPACE, Keys.ARROW_DOWN)
    assert labelled(dialog, "stern").is_selected() and not labelled(dialog, "kind").is_selected()
    screen.press(Keys.ESCAPE)
    screen.wait(lambda: not screen.all("dialog"))


def test_a_component_that_the_page_does_not_know_is_told(screen: Screen) -> None:
    screen.enter("Ada", "general")
    screen.driver.execute_script(
        "import('/page/modal.js').then(({ask}) => ask({interaction_id: '1', title: 'New', components: ["
        "{type: 18, label: 'It', component: {type: 99, custom_id: 'it'}}]}, {offers: () => [], names: {}}))"
    )
    dialog = screen.wait(lambda: next(iter(screen.all("dialog[open]")), None))
    assert "a component of type 99" in dialog.text
    screen.press(Keys.ESCAPE)
    screen.wait(lambda: not screen.all("dialog"))
