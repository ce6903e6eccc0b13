"""What a person's client sends when they use a command, a button, a select or a form: typed and resolved values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from playground import commands, components, payloads, permissions
from playground.commands import Found
from playground.entities import Attachment, Channel, Json, Message, Modal, Role, User
from playground.errors import Impossible
from playground.world import World

_ID = re.compile(r"[0-9]{1,19}")

Value = Any
"""str, int, float, bool, User, Role, Channel, or (file name, bytes). Ids may stand for entities."""


def command_data(world: World, found: Found, values: Mapping[str, Value], channel: Channel) -> Json:
    """Raises Impossible for unknown, missing or wrong values."""
    unknown = set(values) - {option["name"] for option in found.options}
    if unknown:
        raise Impossible(f"/{found.name} has no option {', '.join(sorted(unknown))}")
    missing = [option["name"] for option in found.options if option.get("required") and option["name"] not in values]
    if missing:
        raise Impossible(f"/{found.name} needs {', '.join(missing)}")
    resolved: Json = {}
    options = [
        {"name": option["name"], "type": option["type"], "value": _typed(world, option, value, channel, resolved)}
        for option in found.options
        if (value := values.get(option["name"])) is not None
    ]
    return _data(found, options, resolved)


def autocomplete_data(found: Found, focused: str, partial: str, values: Mapping[str, Value]) -> Json:
    """Raises Impossible where the option does not complete."""
    asked = next((option for option in found.options if option["name"] == focused), None)
    if asked is None or not asked.get("autocomplete"):
        raise Impossible(f"/{found.name} does not complete {focused}")
    options: list[Json] = []
    for option in found.options:
        if option is asked:
            options.append({"name": focused, "type": option["type"], "value": partial, "focused": True})
        elif option["name"] in values:
            options.append({"name": option["name"], "type": option["type"], "value": values[option["name"]]})
    return _data(found, options, {})


def menu_data(world: World, found: Found, target: Message | User) -> Json:
    """Of a command in a message's or a person's menu."""
    if isinstance(target, Message):
        # A message whose menu was opened is readable without any intent.
        resolved = {"messages": {str(target.id): payloads.message(world, target)}}
    else:
        resolved = {"users": {str(target.id): payloads.user(target)}}
    return {**_data(found, [], resolved), "target_id": str(target.id)}


def component_data(world: World, component: Json, values: Sequence[Value], channel: Channel) -> Json:
    """Raises Impossible for a disabled or link button, and values that the select does not offer."""
    if component.get("disabled") or not component.get("custom_id"):
        raise Impossible(f"{components.shown(component)} cannot be pressed")
    data: Json = {"custom_id": component["custom_id"], "component_type": component["type"], "id": component["id"]}
    if component["type"] in components.SELECTS:
        resolved: Json = {}
        data["values"] = _selected(world, component, values, channel, resolved)
        if resolved:
            data["resolved"] = resolved
    return data


def modal_data(world: World, modal: Modal, values: Mapping[str, Value], channel: Channel) -> Json:
    """`values` by custom id or label. Raises Impossible where a client would not send it."""
    resolved: Json = {}
    given = dict(values)
    tree = [_submitted(world, part, None, given, channel, resolved) for part in modal.components]
    if given:
        raise Impossible(f"the form has no {', '.join(given)}")
    data: Json = {"custom_id": modal.custom_id, "components": tree}
    return {**data, "resolved": resolved} if resolved else data


def _data(found: Found, options: list[Json], resolved: Json) -> Json:
    for part in reversed(found.path):
        options = [{"name": part["name"], "type": part["type"], "options": options}]
    data: Json = {"id": found.command["id"], "name": found.command["name"], "type": found.command["type"]}
    if found.command["type"] == commands.CHAT_INPUT:
        data["options"] = options
    if "guild_id" in found.command:
        data["guild_id"] = found.command["guild_id"]
    return {**data, "resolved": resolved} if resolved else data


def _typed(world: World, option: Json, value: Value, channel: Channel, resolved: Json) -> Value:
    match option["type"]:
        case commands.STRING:
            return _text(option, str(value))
        case commands.INTEGER | commands.NUMBER:
            return _number(option, value)
        case commands.BOOLEAN:
            return _truth(option["name"], value)
        case commands.ATTACHMENT:
            return _uploaded(world, value, channel, resolved)
        case _:
            return _entity(world, value, channel, resolved)


def _truth(name: str, value: Value) -> bool:
    said = str(value).lower()
    if said not in ("true", "false"):
        raise Impossible(f"{name} takes True or False")
    return said == "true"


def _text(option: Json, value: str) -> str:
    choices = option.get("choices")
    if choices:
        return str(_chosen(option, choices, value))
    low, high = option.get("min_length") or 0, option.get("max_length") or 6000
    if not low <= len(value) <= high:
        raise Impossible(f"{option['name']} takes {low} to {high} characters")
    return value


def _number(option: Json, value: Value) -> Value:
    if option.get("choices"):
        return _chosen(option, option["choices"], value)
    try:
        number = int(value) if option["type"] == commands.INTEGER else float(value)
    except (TypeError, ValueError):
        raise Impossible(f"{option['name']} takes a number") from None
    low, high = option.get("min_value", -(2**53)), option.get("max_value", 2**53)
    if not low <= number <= high:
        raise Impossible(f"{option['name']} takes {low} to {high}")
    return number


def _chosen(option: Json, choices: Iterable[Json], value: Value) -> Value:
    for choice in choices:
        if str(value) in (str(choice["value"]), choice["name"], *(choice.get("name_localizations") or {}).values()):
            return choice["value"]
    raise Impossible(f"{option['name']} does not offer {value!r}")


def _uploaded(world: World, value: Value, channel: Channel, resolved: Json) -> str:
    if isinstance(value, Attachment):
        attachment = value
    else:
        match value:
            case (str(filename), bytes(content)):
                pass
            case _:
                raise Impossible("a file is needed there")
        attachment = world.attach(channel, filename, content, ephemeral=True)
    resolved.setdefault("attachments", {})[str(attachment.id)] = payloads.attachment(world, attachment)
    return str(attachment.id)


def _entity(world: World, value: Value, channel: Channel, resolved: Json) -> str:
    entity = _known(world, value, channel)
    match entity:
        case User():
            resolved.setdefault("users", {})[str(entity.id)] = payloads.user(entity)
            member = channel.guild and channel.guild.members.get(entity.id)
            if member:
                granted = str(permissions.in_channel(entity, channel))
                shown = {**payloads.bare_member(member), "permissions": granted}
                resolved.setdefault("members", {})[str(entity.id)] = shown
        case Role():
            resolved.setdefault("roles", {})[str(entity.id)] = payloads.role(entity)
        case Channel():
            granted = str(permissions.in_channel(world.bot, entity))
            shown = {**payloads.channel(entity, world.bot), "permissions": granted}
            resolved.setdefault("channels", {})[str(entity.id)] = shown
    return str(entity.id)


def _known(world: World, value: Value, channel: Channel) -> User | Role | Channel:
    if isinstance(value, User | Role | Channel):
        return value
    if hasattr(value, "user"):
        return _known(world, value.user, channel)
    id = int(value) if _ID.fullmatch(str(value)) else 0
    roles = channel.guild.roles if channel.guild else {}
    for entity in (world.users.get(id), roles.get(id), world.channels.get(id)):
        if entity is not None:
            return entity
    raise Impossible(f"there is no {value}")


def _selected(world: World, component: Json, values: Sequence[Value], channel: Channel, resolved: Json) -> list[str]:
    low, high = components.bounds(component)
    if not low <= len(values) <= high:
        raise Impossible(f"{components.shown(component)} takes {low} to {high}")
    if component["type"] == components.FILE_UPLOAD:
        return [_uploaded(world, value, channel, resolved) for value in values]
    if "options" not in component:
        return [_entity(world, value, channel, resolved) for value in values]
    offered = {text: option["value"] for option in component["options"] for text in (option["label"], option["value"])}
    wrong = [value for value in values if value not in offered]
    if wrong:
        raise Impossible(f"{components.shown(component)} does not offer {wrong[0]!r}")
    return [offered[value] for value in values]


def _submitted(
    world: World, part: Json, label: str | None, given: dict[str, Value], channel: Channel, resolved: Json
) -> Json:
    """The part of the form as sent back; what it takes of `given` is removed from there."""
    sent: Json = {"type": part["type"], "id": part["id"]}
    if "components" in part:
        inner = part["components"]
        return {**sent, "components": [_submitted(world, each, None, given, channel, resolved) for each in inner]}
    if "component" in part:
        inside = _submitted(world, part["component"], part.get("label"), given, channel, resolved)
        return {**sent, "component": inside}
    if not part.get("custom_id"):
        return sent
    sent["custom_id"] = part["custom_id"]
    known_as = [name for name in (part["custom_id"], label, part.get("label")) if name is not None and name in given]
    value = given.pop(known_as[0]) if known_as else None
    named = {**part, "label": label or part.get("label")}
    return sent | _input(world, named, value, channel, resolved)


def _input(world: World, part: Json, value: Value, channel: Channel, resolved: Json) -> Json:
    if part["type"] == components.TEXT_INPUT:
        return {"value": _typed_in(part, value)}
    if part["type"] == components.CHECKBOX:
        ticked = part.get("default", False) if value is None else value
        return {"value": _truth(components.shown(part), ticked)}
    values = components.chosen(part) if value is None else _many(value)
    optional = not part.get("required", True)
    sent = _selected(world, part, values, channel, resolved) if values or not optional else []
    if part["type"] == components.RADIO_GROUP:
        return {"value": sent[0] if sent else None}
    return {"values": sent}


def _typed_in(part: Json, value: Value) -> str:
    text = str(part.get("value") or "" if value is None else value)
    low, high = part.get("min_length") or 0, part.get("max_length") or 4000
    if not text and not part.get("required", True):
        return text
    if not max(low, 1) <= len(text) <= high:
        raise Impossible(f"{components.shown(part)} takes {max(low, 1)} to {high} characters")
    return text


def _many(value: Value) -> Sequence[Value]:
    match value:
        case (str(), bytes()):
            return [value]
        case list() | tuple():
            return value
        case _:
            return [value]
