"""Buttons, selects and forms as they are kept: with the numbers and defaults that Discord fills in."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from playground.entities import Json

ROW, BUTTON, STRING_SELECT, TEXT_INPUT, SECTION, LABEL, FILE_UPLOAD, CHECKBOX_GROUP = 1, 2, 3, 4, 9, 18, 19, 22
SELECTS = (3, 5, 6, 7, 8)


def walk(tree: list[Json]) -> Iterator[Json]:
    """Every component, outer ones first."""
    for component in tree:
        yield component
        yield from walk(component.get("components") or [])
        yield from walk([component[key] for key in ("accessory", "component") if component.get(key)])


def find(tree: list[Json], wanted: str) -> Json | None:
    """By custom id, else by label or placeholder."""
    known = [component for component in walk(tree) if component.get("custom_id")]
    for key in ("custom_id", "label", "placeholder"):
        for component in known:
            if component.get(key) == wanted:
                return component
    return None


def shown(component: Json) -> str:
    """As a person sees it named."""
    emoji = (component.get("emoji") or {}).get("name")
    return str(component.get("label") or component.get("placeholder") or emoji or component.get("custom_id"))


def stored(tree: list[Json]) -> list[Json]:
    """A copy, each component with an id of its own within the message."""
    numbers = itertools.count(1)
    return [_stored(component, numbers) for component in tree]


def _stored(component: Json, numbers: Iterator[int]) -> Json:
    number = next(numbers)
    kept: dict[str, Any] = {**component, "id": component.get("id") or number}
    if kept.get("type") in SELECTS:
        kept = {"min_values": 1, "max_values": 1, "disabled": False, **kept}
    for key in ("components",):
        if isinstance(kept.get(key), list):
            kept[key] = [_stored(inner, numbers) for inner in kept[key]]
    for key in ("accessory", "component"):
        if isinstance(kept.get(key), dict):
            kept[key] = _stored(kept[key], numbers)
    return kept
