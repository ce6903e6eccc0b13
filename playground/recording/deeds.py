"""What a person asked of the bot by a command, a button or a form, in a form that another world can repeat.

Ids of entities become `{"entity": name}`; a file stands as itself. Buttons and fields are known by custom id, by
label, and by their place among the others: a bot may put ids of its own into the first two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from playground import commands, components, interactions
from playground.entities import Interaction, Json, Message
from playground.recording.files import kept
from playground.recording.names import CHANNEL, MESSAGE, ROLE, USER, Names
from playground.snowflake import id_in
from playground.world import World

_ENTITIES = (USER, CHANNEL, ROLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One input of a form."""

    custom_id: str
    label: str


def described(world: World, interaction: Interaction, names: Names) -> tuple[str, Json]:
    """The kind of event and its fields."""
    data = interaction.data
    match interaction.type:
        case interactions.COMMAND if "target_id" in data:
            return "menu", {"name": interaction.name, "target": _target(world, data, names)}
        case interactions.COMMAND:
            return "command", {"name": interaction.name, "options": dict(_options(world, data, names))}
        case interactions.AUTOCOMPLETE:
            focused = next(option for option in leaves(data) if option.get("focused"))
            about = {"option": focused["name"], "partial": focused["value"]}
            given = {name: value for name, value in _options(world, data, names) if name != focused["name"]}
            return "completed", {"name": interaction.name, **about, "options": given}
        case interactions.COMPONENT:
            return "pressed", _pressed(interaction, names)
        case _:
            return "submitted", _submitted(world, interaction, names)


def pressable(tree: list[Json]) -> list[Json]:
    """Buttons and selects, in their order."""
    return [part for part in components.walk(tree) if part.get("custom_id")]


def buttons(message: Message) -> list[str]:
    """As a person sees them."""
    return [components.shown(part) for part in pressable(message.components)]


def texts(message: Message) -> list[str]:
    """Those of its layout."""
    return [part["content"] for part in components.walk(message.components) if part.get("content")]


def fields(tree: list[Json]) -> list[Field]:
    """Of a form, in their order."""
    labels = {id(part["component"]): part.get("label") for part in components.walk(tree) if part.get("component")}
    return [
        Field(custom_id=part["custom_id"], label=labels.get(id(part)) or part.get("label") or "")
        for part in components.walk(tree)
        if part.get("custom_id")
    ]


def _target(world: World, data: Json, names: Names) -> str:
    id = int(data["target_id"])
    kind = USER if id in world.users else MESSAGE
    return names.of(kind, id)


def leaves(data: Json) -> list[Json]:
    """The options of a command or its subcommand that were given a value."""
    options: list[Json] = data.get("options") or []
    while options and options[0]["type"] in (commands.SUBCOMMAND, commands.GROUP):
        options = options[0]["options"]
    return options


def _options(world: World, data: Json, names: Names) -> Iterator[tuple[str, Any]]:
    for option in leaves(data):
        yield option["name"], _value(world, option["type"], option["value"], names)


def _value(world: World, type: int, value: Any, names: Names) -> Any:
    if type == commands.ATTACHMENT:
        return {"file": kept(world.attachments[int(value)])}
    if type in (commands.USER, commands.CHANNEL, commands.ROLE, commands.MENTIONABLE):
        return _entity(str(value), names)
    return names.text(value) if isinstance(value, str) else value


def _entity(id: str, names: Names) -> Any:
    known = id_in(id)
    found = (names.find(kind, known) for kind in _ENTITIES) if known is not None else ()
    return next(({"entity": name} for name in found if name), id)


def _pressed(interaction: Interaction, names: Names) -> Json:
    assert interaction.message is not None
    custom_id = interaction.data["custom_id"]
    known = pressable(interaction.message.components)
    pressed = next(part for part in known if part["custom_id"] == custom_id)
    alike = [part["custom_id"] for part in known if components.shown(part) == components.shown(pressed)]
    values = interaction.data.get("values")
    entities = pressed["type"] != components.STRING_SELECT
    return {
        "message": names.of(MESSAGE, interaction.message.id),
        "custom_id": custom_id,
        "label": components.shown(pressed),
        "place": alike.index(custom_id),
        "values": [_entity(value, names) if entities else value for value in values] if values else None,
    }


def _submitted(world: World, interaction: Interaction, names: Names) -> Json:
    asked = interaction.opened_by
    assert asked is not None and asked.modal is not None
    sent = {part["custom_id"]: part for part in components.walk(interaction.data["components"]) if "custom_id" in part}
    known = fields(asked.modal.components)
    return {
        "form": names.of("i", asked.id),
        "title": asked.modal.title,
        "fields": [
            {"custom_id": field.custom_id, "label": field.label, "value": _filled(world, sent[field.custom_id], names)}
            for field in known
            if field.custom_id in sent
        ],
    }


def _filled(world: World, part: Json, names: Names) -> Any:
    if part["type"] == components.FILE_UPLOAD:
        return [{"file": kept(world.attachments[int(id)])} for id in part["values"]]
    if "values" in part:
        entities = part["type"] in components.SELECTS and part["type"] != components.STRING_SELECT
        return [_entity(value, names) if entities else value for value in part["values"]]
    value = part.get("value")
    return names.text(value) if isinstance(value, str) else value
