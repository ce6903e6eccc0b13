from __future__ import annotations

from typing import Any

import pytest

from playground.commands import check
from playground.entities import Channel, Guild
from playground.errors import InvalidForm
from playground.people import Person
from playground.server import Playground


def _command(**more: Any) -> dict[str, Any]:
    return {"name": "ask", "description": "Asks", "type": 1, **more}


def _option(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "description": "An option", "type": 3, **more}


@pytest.mark.parametrize(
    ("definitions", "path"),
    [
        ([_command(name="Ask")], "0.name"),
        ([_command(name="a" * 33)], "0.name"),
        ([_command(name_localizations={"ko": "두 낱말"})], "0.name_localizations.ko"),
        ([_command(description="")], "0.description"),
        ([_command(description="d" * 101)], "0.description"),
        ([_command(), _command()], "1"),
        ([_command(name=f"c{number}") for number in range(101)], "_commands"),
        ([_command(options=[_option(f"o{number}") for number in range(26)])], "0.options"),
        ([_command(options=[_option("a"), _option("b", required=True)])], "0.options.1"),
        ([_command(options=[_option("a", choices=[{"name": "x", "value": "x" * 9000}])])], "0"),
        ([{"name": "", "type": 3}], "0.name"),
    ],
)
def test_what_discord_would_not_register(definitions: list[dict[str, Any]], path: str) -> None:
    with pytest.raises(InvalidForm) as refused:
        check(definitions)
    assert path in refused.value.problems


def test_korean_names_and_spaced_menus_are_fine() -> None:
    check([_command(name_localizations={"ko": "질문"}), {"name": "Explain this", "type": 3}])


async def test_the_picker_offers_what_a_person_may_use(
    playground: Playground, guild: Guild, general: Channel, ada: Person
) -> None:
    grace = playground.add_person("Grace")
    playground.join(grace, guild, permissions=["manage_channels"])
    role = playground.world.add_role(guild, "Trusted")
    commands = playground.world.commands
    subcommand = {"type": 1, "name": "set", "description": "Sets", "options": [_option("key")]}
    commands.overwrite(
        None,
        [
            _command(contexts=[0]),
            _command(name="settings", default_member_permissions=str(1 << 4), options=[subcommand]),
            _command(name="own", default_member_permissions="0"),
        ],
    )

    def offered(person: Person, channel: Channel) -> set[str]:
        return {found.name for found in commands.offered(person.user, channel)}

    assert offered(ada, general) == {"ask"}
    assert offered(grace, general) == {"ask", "settings set"}
    assert offered(ada, ada.dm()) == {"settings set", "own"}
    playground.join(ada, guild, roles=[role])
    commands.permit(guild, "settings", role.id, True)
    commands.permit(guild, "ask", ada.id, False)
    assert offered(ada, general) == {"settings set"}


async def test_a_servers_own_command_hides_the_shared_one(
    playground: Playground, guild: Guild, general: Channel, ada: Person
) -> None:
    playground.world.commands.overwrite(None, [_command()])
    playground.world.commands.overwrite(guild.id, [_command(description="Ours")])
    found = playground.world.commands.find("ask", general)
    assert found is not None and found.command["description"] == "Ours"
    assert len(playground.world.commands.offered(ada.user, general)) == 1
