"""Forms as people hand them in: what each kind of field takes, and what it sends."""

from __future__ import annotations

from typing import Any

import pytest

from playground.commands import CHAT_INPUT
from playground.entities import Channel, Json
from playground.errors import Impossible
from playground.people import Person
from playground.posting import Draft
from playground.server import Playground

OPTIONS = [{"label": name, "value": name[0]} for name in ("Apple", "Banana", "Cherry")]
COMPONENT: dict[str, Json] = {
    "text": {"type": 4, "style": 1},
    "select": {"type": 3, "options": OPTIONS},
    "person": {"type": 5},
    "files": {"type": 19, "max_values": 2},
    "radios": {"type": 21, "options": OPTIONS},
    "boxes": {"type": 22, "options": OPTIONS},
    "box": {"type": 23},
}
FILE = ("a.txt", b"a")


@pytest.fixture(autouse=True)
def registered(playground: Playground) -> None:
    playground.world.commands.overwrite(None, [{"name": "ask", "description": "Asks", "type": CHAT_INPUT}])


async def sent(playground: Playground, ada: Person, channel: Channel, part: Json, *values: Any) -> Any:
    """What the bot gets of a field, with a value or left alone."""
    asked = (await ada.command(channel, "ask")).interaction
    label = {"type": 18, "label": "It", "component": {**part, "custom_id": "it"}}
    form = {"custom_id": "form", "title": "Form", "components": [label]}
    playground.interactions.answer(asked, 9, form, Draft())
    assert asked.modal is not None
    data = (await ada.submit(asked.modal, dict.fromkeys(["It"][: len(values)], *values))).interaction.data
    field = data["components"][0]["component"]
    assert (field["type"], field["custom_id"]) == (part["type"], "it")
    return field["values"] if "values" in field else field["value"]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("select", "Banana", ["B"]),
        ("radios", "Banana", "B"),
        ("boxes", ["Apple", "C"], ["A", "C"]),
        ("boxes", ["A", "B", "C"], ["A", "B", "C"]),
        ("box", True, True),
        ("box", "False", False),
    ],
)
async def test_a_field_sends_what_was_chosen(
    playground: Playground, ada: Person, general: Channel, kind: str, value: Any, expected: Any
) -> None:
    assert await sent(playground, ada, general, COMPONENT[kind], value) == expected


@pytest.mark.parametrize("value", [FILE, [FILE], [FILE, ("b.txt", b"b")]])
async def test_files_are_uploaded(playground: Playground, ada: Person, general: Channel, value: Any) -> None:
    ids = await sent(playground, ada, general, COMPONENT["files"], value)
    assert [playground.world.attachments[int(id)].filename for id in ids] == ["a.txt", "b.txt"][: len(ids)]
    assert len(ids) == (len(value) if isinstance(value, list) else 1)


@pytest.mark.parametrize("given", [(), ([],)])
@pytest.mark.parametrize("kind", ["select", "person", "files", "radios", "boxes"])
async def test_only_what_is_optional_may_be_left_empty(
    playground: Playground, ada: Person, general: Channel, kind: str, given: tuple[Any, ...]
) -> None:
    nothing: Any = None if kind == "radios" else []
    part = COMPONENT[kind]
    assert await sent(playground, ada, general, {**part, "required": False}, *given) == nothing
    with pytest.raises(Impossible, match="It takes 1 to"):
        await sent(playground, ada, general, part, *given)


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        ("select", "Plum", "It does not offer 'Plum'"),
        ("radios", "Plum", "It does not offer 'Plum'"),
        ("radios", ["A", "B"], "It takes 1 to 1"),
        ("boxes", ["A", "Plum"], "It does not offer 'Plum'"),
        ("files", [FILE, FILE, FILE], "It takes 1 to 2"),
        ("files", ["a.txt"], "a file is needed there"),
        ("box", "perhaps", "It takes True or False"),
    ],
)
async def test_what_a_field_cannot_take_is_told(
    playground: Playground, ada: Person, general: Channel, kind: str, value: Any, told: str
) -> None:
    with pytest.raises(Impossible, match=told):
        await sent(playground, ada, general, COMPONENT[kind], value)


async def test_what_is_left_alone_stays_as_the_form_has_it(
    playground: Playground, ada: Person, general: Channel
) -> None:
    options = [*OPTIONS[:1], {**OPTIONS[1], "default": True}, OPTIONS[2]]
    for kind, expected in {"select": ["B"], "radios": "B", "boxes": ["B"]}.items():
        assert await sent(playground, ada, general, {**COMPONENT[kind], "options": options}) == expected
    chosen = [{"id": str(ada.id), "type": "user"}]
    assert await sent(playground, ada, general, {**COMPONENT["person"], "default_values": chosen}) == [str(ada.id)]
    assert await sent(playground, ada, general, {**COMPONENT["box"], "default": True}) is True
    assert await sent(playground, ada, general, COMPONENT["box"]) is False
