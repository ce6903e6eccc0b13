"""Buttons, selects and forms as they are kept: with the numbers and defaults that Discord fills in."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from playground.entities import Json
from playground.shapes import inside

ROW, BUTTON, STRING_SELECT, TEXT_INPUT, SECTION, LABEL = 1, 2, 3, 4, 9, 18
TEXT_DISPLAY, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER = 10, 11, 12, 13, 14, 17
FILE_UPLOAD, RADIO_GROUP, CHECKBOX_GROUP, CHECKBOX = 19, 21, 22, 23
SELECTS = (3, 5, 6, 7, 8)
NAMED_OPTIONS = 3
"""Of a select without a name of its own."""
_OFFERED: Mapping[int, str] = {5: "people", 6: "roles", 7: "people and roles", 8: "channels"}
_PICTURE: Json = {"description": None, "spoiler": False}
_USUAL: Mapping[int, Json] = {
    **{kind: {"min_values": 1, "max_values": 1, "disabled": False} for kind in SELECTS},
    THUMBNAIL: _PICTURE,
    FILE: {"spoiler": False},
    SEPARATOR: {"divider": True, "spacing": 1},
    CONTAINER: {"accent_color": None, "spoiler": False},
}


def walk(tree: list[Json]) -> Iterator[Json]:
    """Every component, outer ones first."""
    return (component for _, component in placed(tree))


def placed(tree: list[Json], at: str = "") -> Iterator[tuple[str, Json]]:
    """Every component with its dotted path below `at`, outer ones first."""
    for index, component in enumerate(tree):
        yield from _placed(component, inside(at, index))


def _placed(component: Json, at: str) -> Iterator[tuple[str, Json]]:
    yield at, component
    yield from placed(component.get("components") or [], inside(at, "components"))
    for key in ("accessory", "component"):
        if component.get(key):
            yield from _placed(component[key], inside(at, key))


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
    options = [option["label"] for option in component.get("options") or []]
    more = ["…"] if len(options) > NAMED_OPTIONS else []
    offered = " / ".join([*options[:NAMED_OPTIONS], *more]) or _OFFERED.get(component["type"])
    known = (component.get("label"), component.get("placeholder"), emoji, offered, component.get("custom_id"))
    return str(next(filter(None, known), ""))


def bounds(component: Json) -> tuple[int, int]:
    """How many may be chosen of what a select, boxes or an upload offer."""
    usual = len(component["options"]) if component["type"] == CHECKBOX_GROUP else 1
    return component.get("min_values", 1), component.get("max_values", usual)


def chosen(component: Json) -> list[str]:
    """The values of what stands chosen at first."""
    options = [option["value"] for option in component.get("options") or [] if option.get("default")]
    return options or [value["id"] for value in component.get("default_values") or []]


def stored(tree: list[Json]) -> list[Json]:
    """A copy, each component with an id of its own within the message: those without one get the lowest left."""
    taken = {component.get("id") for component in walk(tree)}
    numbers = (number for number in itertools.count(1) if number not in taken)
    return [_stored(component, numbers) for component in tree]


def _stored(component: Json, numbers: Iterator[int]) -> Json:
    usual = _USUAL.get(component["type"], {})
    kept: dict[str, Any] = {**usual, **component, "id": component.get("id") or next(numbers)}
    if "items" in kept:
        kept["items"] = [{**_PICTURE, **item} for item in kept["items"]]
    if "components" in kept:
        kept["components"] = [_stored(inner, numbers) for inner in kept["components"]]
    for key in ("accessory", "component"):
        if isinstance(kept.get(key), dict):
            kept[key] = _stored(kept[key], numbers)
    return kept
