"""An element of the page that is looked for anew where the page has drawn it anew meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.command import Command
from selenium.webdriver.remote.webelement import WebElement

TRIES = 10


class Found(WebElement):
    """`again` finds what was found once more. Elements within it are found anew as well, those of a list by place."""

    def __init__(self, found: WebElement, again: Callable[[], WebElement]) -> None:
        super().__init__(found.parent, found._id)
        self._again = again

    @property
    def id(self) -> str:
        """Of the element as it stands now: what scripts are given, and what is compared."""
        self._execute(Command.GET_ELEMENT_TAG_NAME)
        return self._id  # type: ignore[no-any-return]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WebElement) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def find_element(self, by: str | By = By.ID, value: str | None = None) -> WebElement:
        def find() -> WebElement:
            return super(Found, self).find_element(by, value)

        return Found(find(), find)

    def find_elements(self, by: str | By = By.ID, value: str | None = None) -> list[WebElement]:
        return all_found(lambda: super(Found, self).find_elements(by, value))

    def is_displayed(self) -> bool:
        return bool(self._tried(super().is_displayed))

    def get_attribute(self, name: str) -> str | None:
        value: str | None = self._tried(lambda: super(Found, self).get_attribute(name))
        return value

    def _execute(self, command: str, params: dict[str, Any] | None = None) -> Any:
        return self._tried(lambda: super(Found, self)._execute(command, params))  # type: ignore[no-untyped-call]

    def _tried(self, work: Callable[[], Any]) -> Any:
        for _ in range(TRIES):
            try:
                return work()
            except StaleElementReferenceException:
                self._id = self._again()._id
        return work()


def all_found(find: Callable[[], list[WebElement]]) -> list[WebElement]:
    def at(place: int) -> WebElement:
        elements = find()
        if place >= len(elements):
            raise StaleElementReferenceException("there are fewer of them by now")
        return elements[place]

    return [Found(element, partial(at, place)) for place, element in enumerate(find())]
