"""What components may not be together though each by itself is right, in messages and forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from playground import components, emoji
from playground.components import BUTTON, CHECKBOX_GROUP, FILE_UPLOAD, RADIO_GROUP, ROW, SELECTS, placed
from playground.entities import Json
from playground.shapes import Problems, inside, length_problem

MAX_ROWS, MAX_COMPONENTS_V2 = 5, 40
MAX_TEXT_V2 = 4000
"""Characters of all text displays together, as Discord's documentation of them has it."""
ROW_WIDTH = 5
"""Of a row, in buttons; everything else in it fills it."""
MAX_OPTIONS = 25
_PREMIUM = 6
_ONLY_ONCE: Mapping[str, tuple[str, str]] = {
    "custom_id": ("COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated"),
    # What Discord calls this one is not known.
    "id": ("COMPONENT_ID_DUPLICATED", "Component id cannot be duplicated"),
}


def check_message(tree: list[Json], v2: bool, at: str, problems: Problems) -> None:
    if v2:
        _check_sizes(tree, at, problems)
    else:
        _check_rows(tree, at, problems)
    check(tree, at, problems)


def check(tree: list[Json], at: str, problems: Problems) -> None:
    """What is the same in messages and forms."""
    used: set[tuple[str, Any]] = set()
    for place, part in placed(tree, at):
        _check_names(part, place, used, problems)
        rule = _RULES.get(part["type"])
        if rule is not None:
            rule(part, place, problems)


def _check_sizes(tree: list[Json], at: str, problems: Problems) -> None:
    every = list(components.walk(tree))
    if len(every) > MAX_COMPONENTS_V2:
        problems[at] = ("COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", f"At most {MAX_COMPONENTS_V2} components")
    if sum(len(part.get("content") or "") for part in every) > MAX_TEXT_V2:
        message = f"Total displayable text size exceeds maximum size of {MAX_TEXT_V2}"
        problems[at] = ("COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", message)


def _check_rows(tree: list[Json], at: str, problems: Problems) -> None:
    if len(tree) > MAX_ROWS:
        problems[at] = length_problem(1, MAX_ROWS)
    for index, part in enumerate(tree):
        if part["type"] != ROW:
            problems[inside(at, index)] = ("UNION_TYPE_CHOICES", f'Value of field "type" must be one of ({ROW},).')


def _check_names(part: Json, at: str, used: set[tuple[str, Any]], problems: Problems) -> None:
    """A number of 0 is none (Discord's reference)."""
    for key, problem in _ONLY_ONCE.items():
        named = (key, part.get(key))
        if named in used:
            problems[inside(at, key)] = problem
        elif part.get(key):
            used.add(named)


def _check_row(row: Json, at: str, problems: Problems) -> None:
    width = 0
    for index, part in enumerate(row["components"]):
        width += 1 if part["type"] == BUTTON else ROW_WIDTH
        if width > ROW_WIDTH:
            message = "The specified component exceeds the maximum width"
            problems[inside(at, f"components.{index}")] = ("COMPONENT_LAYOUT_WIDTH_EXCEEDED", message)
            return


def _check_button(button: Json, at: str, problems: Problems) -> None:
    _check_emoji(button, at, problems)
    if "custom_id" in button and "url" in button:
        message = "A custom id and url cannot both be specified"
        problems[inside(at, "custom_id")] = ("BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", message)
    if button["style"] != _PREMIUM and not button.get("label") and not button.get("emoji"):
        problems[inside(at, "label")] = ("BASE_TYPE_REQUIRED", "This field is required")


def _check_emoji(part: Json, at: str, problems: Problems) -> None:
    """Of a button or an option: Discord has one name for both."""
    symbol = part.get("emoji")
    # Whose custom emoji a bot may show is not known here.
    if symbol and "id" not in symbol and not emoji.known(symbol["name"]):
        problems[inside(at, "emoji.name")] = ("BUTTON_COMPONENT_INVALID_EMOJI", "Invalid emoji")


def _check_choice(part: Json, at: str, problems: Problems) -> None:
    """How many may be chosen, and of what."""
    options = part.get("options")
    usual = len(options or ()) if part["type"] == CHECKBOX_GROUP else 1
    low, high = part.get("min_values", min(1, usual)), part.get("max_values", usual)
    if low > high:
        told = f"int value should be less than or equal to {high}."
        problems[inside(at, "min_values")] = ("NUMBER_TYPE_MAX", told)
    elif options is not None and len(options) < high:
        problems[inside(at, "options")] = length_problem(high, MAX_OPTIONS)
    elif options is None:
        _check_defaults(part.get("default_values") or [], high, inside(at, "default_values"), problems)
    else:
        _check_options(options, inside(at, "options"), problems)
        _check_defaults([each for each in options if each.get("default")], high, inside(at, "options"), problems)


def _check_defaults(chosen: list[Json], high: int, at: str, problems: Problems) -> None:
    if len(chosen) > high:
        message = "The specified number of default values exceeds the specified maximum values"
        problems[at] = ("SELECT_COMPONENT_TOO_MANY_DEFAULT_VALUES", message)


def _check_options(options: list[Json], at: str, problems: Problems) -> None:
    used: set[str] = set()
    for index, option in enumerate(options):
        if option["value"] in used:
            message = "The specified option value is already used"
            problems[inside(at, f"{index}.value")] = ("SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", message)
        used.add(option["value"])
        _check_emoji(option, inside(at, index), problems)


_Rule = Callable[[Json, str, Problems], None]
_RULES: Mapping[int, _Rule] = {
    ROW: _check_row,
    BUTTON: _check_button,
    **dict.fromkeys((*SELECTS, FILE_UPLOAD, RADIO_GROUP, CHECKBOX_GROUP), _check_choice),
}
