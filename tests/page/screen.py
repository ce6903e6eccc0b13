"""The page as a person uses it: what stands there, and what they type and press."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

from tests.page.found import Found, all_found

T = TypeVar("T")

SECONDS = 10.0


class Screen:
    def __init__(self, driver: Chrome, url: str) -> None:
        self.driver = driver
        self._url = url

    def enter(self, person: str, place: str) -> None:
        """The page anew, as this person, in this channel or, `@Causerie`, in the direct conversation."""
        self.driver.get("about:blank")
        self.driver.get(f"{self._url}/#{self._fragment(person, place)}")
        self.wait(lambda: self.person == person and place in self.place and self.all("#log .inner > *"))

    def _fragment(self, person: str, place: str) -> str:
        with urllib.request.urlopen(f"{self._url}/playground/api/state") as answer:
            state = json.load(answer)
        who = next(each["id"] for each in state["people"] if each["name"] == person)
        channels = [channel for guild in state["guilds"] for channel in guild["channels"] if channel["name"] == place]
        direct = [channel for channel in state["dms"] if channel["user_id"] == who]
        return f"person={who}&channel={(direct if place.startswith('@') else channels)[0]['id']}"

    def become(self, person: str) -> None:
        self.wait(lambda: person in (self.one("#person").get_attribute("textContent") or ""))
        self._show_places()
        choice = Select(self.one("#person"))
        choice.select_by_visible_text(person)
        who = choice.first_selected_option.get_attribute("value")
        self.wait(lambda: f"person={who}" in self.driver.current_url)

    def go(self, place: str) -> None:
        self._show_places()
        self.wait(lambda: self.one("#servers [data-id=direct]"))
        direct = place.startswith("@")

        def in_its_server() -> bool:
            servers = self.all("#servers button")
            if (servers[0].get_attribute("aria-current") is None) == direct or not self._places(place):
                (servers[0] if direct else servers[1]).click()
            return True

        self.wait(in_its_server)
        self.wait(lambda: next(iter(self._places(place)), None)).click()
        self.wait(lambda: place in self.place)

    def _places(self, place: str) -> list[WebElement]:
        self._show_places()
        return [each for each in self.all("#channels button") if place.removeprefix("@") in each.text]

    def _show_places(self) -> None:
        """On a small screen they are hidden."""
        if not self.one("#places").is_displayed():
            self.one("#open-places").click()
            self.wait(self.one("#places").is_displayed)

    @property
    def person(self) -> str | None:
        return Select(self.one("#person")).first_selected_option.get_attribute("textContent")

    @property
    def place(self) -> str:
        return self.one("#place-name").text

    @property
    def line(self) -> WebElement:
        return self.one("#text")

    def type(self, text: str) -> None:
        self.line.send_keys(text)

    def press(self, *keys: str) -> WebElement:
        """Presses a key, others held down before it; returns what has the focus then."""
        *held, key = keys
        chain = ActionChains(self.driver)
        for each in held:
            chain.key_down(each)
        chain.send_keys(key)
        for each in held:
            chain.key_up(each)
        chain.perform()
        return self.driver.switch_to.active_element

    def send(self, text: str) -> None:
        self.line.send_keys(text + Keys.ENTER)

    def choices(self) -> list[str]:
        return [each.text for each in self.all("#choices .choice")]

    def offered(self, text: str) -> WebElement:
        """The choice of the picker that shows this text."""
        return self.wait(lambda: next((each for each in self.all("#choices .choice") if text in each.text), None))

    def message(self, text: str, selector: str = "") -> WebElement:
        """The newest message that holds this text, once there is one."""

        newest = (
            "return [...document.querySelectorAll(arguments[0])]"
            ".findLast((each) => each.innerText.includes(arguments[1]))?.id"
        )
        found: str = self.wait(lambda: self.driver.execute_script(newest, f".message{selector}", text))
        return self.one(f"#{found}")

    def button(self, name: str, within: WebElement | None = None) -> WebElement:
        named = (
            "return [...(arguments[0] ?? document).querySelectorAll('button')]"
            ".find((each) => each.innerText.includes(arguments[1])) ?? null"
        )
        found: WebElement = self.wait(lambda: self.driver.execute_script(named, within, name))
        return found

    def action(self, message: WebElement, name: str) -> None:
        """A button of a message's bar, or an entry of its menu, by its name."""

        def bar() -> list[WebElement]:
            self.driver.execute_script(
                "arguments[0].dispatchEvent(new PointerEvent('pointerover', {bubbles: true}))", message
            )
            return message.find_elements(By.CSS_SELECTOR, ".bar button")

        def pressed() -> list[str]:
            """The names in the bar, one of which was pressed: the wanted one or the last, which opens the menu."""
            named = {each.accessible_name: each for each in bar()}
            if named:
                self._click(named.get(name) or list(named.values())[-1])
            return list(named)

        if name not in self.wait(pressed):
            self._click(self.button(name, self.wait(lambda: self.one(".menu"))))

    def _click(self, element: WebElement) -> None:
        """Wherever the pointer is, and what may lie above it."""
        self.driver.execute_script("arguments[0].click()", element)

    def one(self, selector: str) -> WebElement:
        def find() -> WebElement:
            return self.driver.find_element(By.CSS_SELECTOR, selector)

        return Found(find(), find)

    def all(self, selector: str) -> list[WebElement]:
        return all_found(lambda: self.driver.find_elements(By.CSS_SELECTOR, selector))

    def wait(self, condition: Callable[[], T | None], seconds: float = SECONDS) -> T:
        """What the condition returns once that is anything; an element is found by it again when it was drawn anew."""
        found: Any = self._until(condition, seconds)
        if isinstance(found, WebElement):
            found = Found(found, lambda: self._until(condition, seconds))
        return found  # type: ignore[no-any-return]

    def _until(self, condition: Callable[[], Any], seconds: float) -> Any:
        def tried(_: Chrome) -> Any:
            try:
                return condition()
            except StaleElementReferenceException:
                # One of a list was drawn anew between two questions about it.
                return None

        return WebDriverWait(self.driver, seconds, poll_frequency=0.05).until(tried)

    def shoot(self, name: str) -> None:
        """A picture for people, where PAGE_SHOTS names a directory."""
        directory = os.environ.get("PAGE_SHOTS")
        if directory:
            self.driver.save_screenshot(str(Path(directory) / f"{name}.png"))
