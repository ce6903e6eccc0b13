"""Buttons, selects, layouts and form fields as requests may hold them, by the number of their type."""

from __future__ import annotations

from collections.abc import Mapping

from playground.components import (
    BUTTON,
    CHECKBOX,
    CHECKBOX_GROUP,
    CONTAINER,
    FILE,
    FILE_UPLOAD,
    GALLERY,
    LABEL,
    RADIO_GROUP,
    ROW,
    SECTION,
    SEPARATOR,
    STRING_SELECT,
    TEXT_DISPLAY,
    TEXT_INPUT,
    THUMBNAIL,
)
from playground.shapes import ATTACHMENT, WEB, Flag, Form, Integer, Kinds, List, OneOf, Shape, Snowflake, Text, Url

USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT = 5, 6, 7, 8
CHANNEL_TYPES = (0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 16)

_Shapes = Mapping[str, Shape]


def _part(required: _Shapes | None = None, optional: _Shapes | None = None) -> Form:
    """Every component has a type, which tells its form, and may have a number."""
    numbered: _Shapes = {"id": Integer(0, 2**31 - 1)}
    return Form(required or {}, {**numbered, **(optional or {})}, compact=True)


_CUSTOM_ID: _Shapes = {"custom_id": Text(1, 100)}
_EMOJI = Form({"name": Text(0, 32)}, {"id": Snowflake(), "animated": Flag()}, compact=True)
_FACE: _Shapes = {"label": Text(0, 80), "disabled": Flag(), "emoji": _EMOJI}
_ADDRESS: _Shapes = {"url": Url((*WEB, "discord"), 512)}
_button = _part(_CUSTOM_ID, {**_FACE, **_ADDRESS})
_BUTTON = Kinds(
    "style",
    {
        **dict.fromkeys((1, 2, 3, 4), _button),
        5: _part(_ADDRESS, {**_FACE, **_CUSTOM_ID}),
        6: _part({"sku_id": Snowflake()}),
    },
)


def _choice_group(low: int) -> Form:
    option = Form(
        {"label": Text(1, 100), "value": Text(1, 100)}, {"description": Text(0, 100), "default": Flag()}, compact=True
    )
    counts: _Shapes = {"min_values": Integer(0, 10), "max_values": Integer(1, 10), "required": Flag()}
    return _part({**_CUSTOM_ID, "options": List(option, low, 10)}, counts)


_OPTION = Form(
    {"label": Text(1, 100), "value": Text(1, 100)},
    {"description": Text(0, 100), "default": Flag(), "emoji": _EMOJI},
    compact=True,
)
_ASKING: _Shapes = {
    "placeholder": Text(0, 150),
    "min_values": Integer(0, 25),
    "max_values": Integer(1, 25),
}


def _selects(**more: Shape) -> Mapping[int, Shape]:
    """In messages they can be disabled, in forms required."""

    def of(*kinds: str, **own: Shape) -> Form:
        chosen = Form({"id": Snowflake(), "type": OneOf(kinds)})
        return _part(_CUSTOM_ID, {**_ASKING, **more, "default_values": List(chosen, 0, 25), **own})

    return {
        STRING_SELECT: _part({**_CUSTOM_ID, "options": List(_OPTION, 1, 25)}, {**_ASKING, **more}),
        USER_SELECT: of("user"),
        ROLE_SELECT: of("role"),
        MENTIONABLE_SELECT: of("user", "role"),
        CHANNEL_SELECT: of("channel", channel_types=List(OneOf(CHANNEL_TYPES), unique=True)),
    }


_TEXT = _part({"content": Text(1, 4000)})
_MEDIA = Form({"url": Url((*WEB, ATTACHMENT))})
_PICTURE: _Shapes = {"description": Text(1, 1024), "spoiler": Flag()}
_LAYOUT: Mapping[int, Shape] = {
    ROW: _part({"components": List(Kinds("type", {BUTTON: _BUTTON, **_selects(disabled=Flag())}), 1, 5)}),
    SECTION: _part(
        {
            "components": List(Kinds("type", {TEXT_DISPLAY: _TEXT}), 1, 3),
            "accessory": Kinds("type", {BUTTON: _BUTTON, THUMBNAIL: _part({"media": _MEDIA}, _PICTURE)}),
        }
    ),
    TEXT_DISPLAY: _TEXT,
    GALLERY: _part({"items": List(Form({"media": _MEDIA}, _PICTURE, compact=True), 1, 10)}),
    FILE: _part({"file": Form({"url": Url((ATTACHMENT,))})}, {"spoiler": Flag()}),
    SEPARATOR: _part({}, {"divider": Flag(), "spacing": OneOf((1, 2))}),
}
_CONTAINER = _part(
    {"components": List(Kinds("type", _LAYOUT), 1, 40)}, {"accent_color": Integer(0, 0xFFFFFF), "spoiler": Flag()}
)
IN_MESSAGES = List(Kinds("type", {**_LAYOUT, CONTAINER: _CONTAINER}), 0, 40)

_INPUT: _Shapes = {
    "label": Text(1, 45),
    "value": Text(0, 4000),
    "placeholder": Text(0, 100),
    "required": Flag(),
    "min_length": Integer(0, 4000),
    "max_length": Integer(1, 4000),
}
_STYLED: _Shapes = {**_CUSTOM_ID, "style": OneOf((1, 2))}
_TEXT_INPUT = _part(_STYLED, _INPUT)
_LABELLED = _part({**_STYLED, "label": _INPUT["label"]}, _INPUT)
"""In a row, which tells no label of its own."""
_UPLOADS: _Shapes = {"min_values": Integer(0, 10), "max_values": Integer(1, 10), "required": Flag()}
_ASKED: Mapping[int, Shape] = {
    TEXT_INPUT: _TEXT_INPUT,
    **_selects(required=Flag()),
    FILE_UPLOAD: _part(_CUSTOM_ID, _UPLOADS),
    RADIO_GROUP: _choice_group(2),
    CHECKBOX_GROUP: _choice_group(1),
    CHECKBOX: _part(_CUSTOM_ID, {"default": Flag()}),
}
IN_MODALS = List(
    Kinds(
        "type",
        {
            ROW: _part({"components": List(Kinds("type", {TEXT_INPUT: _LABELLED}), 1, 1)}),
            LABEL: _part({"label": Text(1, 45), "component": Kinds("type", _ASKED)}, {"description": Text(1, 100)}),
            TEXT_DISPLAY: _TEXT,
        },
    ),
    1,
    5,
)
