from __future__ import annotations

from playground import permissions
from playground.entities import Channel, Guild, Overwrite
from playground.mentions import Allowed, pinged
from playground.people import Person
from playground.permissions import ADD_REACTIONS, MANAGE_MESSAGES, MENTION_EVERYONE, SEND_MESSAGES, VIEW_CHANNEL
from playground.server import Playground

EVERYTHING = Allowed.parse(None, by_webhook=False)


def _may(person: Person, channel: Channel, permission: int) -> bool:
    return permissions.allows(person.user, channel, permission)


def test_overwrites_apply_in_discords_order(
    playground: Playground, guild: Guild, general: Channel, ada: Person
) -> None:
    role = playground.world.add_role(guild, "Readers")
    other = playground.world.add_role(guild, "Muted")
    playground.join(ada, guild, roles=[role, other])
    everyone = Overwrite(id=guild.id, deny=SEND_MESSAGES)
    playground.world.set_overwrites(general, [everyone])
    assert not _may(ada, general, SEND_MESSAGES)
    muted, allowed = Overwrite(id=other.id, deny=SEND_MESSAGES), Overwrite(id=role.id, allow=SEND_MESSAGES)
    playground.world.set_overwrites(general, [allowed, muted, everyone])
    assert _may(ada, general, SEND_MESSAGES), "among roles, allowances win"
    own = Overwrite(id=ada.id, for_member=True, deny=SEND_MESSAGES)
    playground.world.set_overwrites(general, [own, allowed, everyone])
    assert not _may(ada, general, SEND_MESSAGES), "the member's own comes last"


def test_who_cannot_see_can_do_nothing(playground: Playground, guild: Guild, general: Channel, ada: Person) -> None:
    playground.world.set_overwrites(general, [Overwrite(id=guild.id, deny=VIEW_CHANNEL)])
    assert permissions.in_channel(ada.user, general) == 0
    playground.world.set_overwrites(general, [Overwrite(id=guild.id, deny=SEND_MESSAGES)])
    assert _may(ada, general, ADD_REACTIONS) and not _may(ada, general, MENTION_EVERYONE)


def test_owners_and_administrators_may_do_everything(
    playground: Playground, guild: Guild, general: Channel, ada: Person
) -> None:
    playground.world.set_overwrites(general, [Overwrite(id=guild.id, deny=permissions.ALL)])
    owner = playground.world.users[guild.owner_id]
    assert permissions.in_channel(owner, general) == permissions.ALL
    playground.join(ada, guild, permissions=["administrator"])
    assert permissions.in_channel(ada.user, general) == permissions.ALL


async def test_threads_inherit_and_private_ones_hide(
    playground: Playground, guild: Guild, general: Channel, ada: Person
) -> None:
    grace, minjun = playground.add_person("Grace"), playground.add_person("민준", "ko")
    playground.join(grace, guild, permissions=["manage_threads"])
    playground.join(minjun, guild)
    thread = await ada.open_thread(general, "hidden", private=True)
    assert _may(ada, thread, VIEW_CHANNEL) and _may(grace, thread, VIEW_CHANNEL)
    assert not _may(minjun, thread, VIEW_CHANNEL)
    playground.world.set_overwrites(general, [Overwrite(id=guild.id, deny=VIEW_CHANNEL)])
    assert not _may(ada, thread, VIEW_CHANNEL)


def test_strangers_and_direct_channels(playground: Playground, general: Channel, ada: Person) -> None:
    stranger = playground.add_person("Eve")
    assert permissions.in_channel(stranger.user, general) == 0
    assert permissions.in_channel(stranger.user, ada.dm()) == 0
    assert _may(ada, ada.dm(), SEND_MESSAGES)


def test_mentions_count_only_outside_code_and_as_allowed(
    playground: Playground, guild: Guild, general: Channel, ada: Person
) -> None:
    users = playground.world.users
    role = playground.world.add_role(guild, "Loud", mentionable=True)
    silent = playground.world.add_role(guild, "Silent")
    text = f"`{ada.mention}` ```\n@everyone\n``` <@&{role.id}> <@&{silent.id}> {playground.bot_mention} @here"
    playground.world.set_permissions(guild, guild.everyone, permissions.EVERYONE & ~MENTION_EVERYONE)
    found = pinged(text, ada.user, general, EVERYTHING, users, None)
    assert found.users == (playground.world.bot,) and found.roles == (role,) and not found.everyone
    only = Allowed.parse({"users": [str(ada.id)]}, by_webhook=False)
    assert not pinged(text, playground.world.bot, general, only, users, None).anyone
    grown = pinged("@everyone", users[guild.owner_id], general, EVERYTHING, users, None)
    assert grown.everyone


async def test_a_reply_pings_unless_it_is_silent(
    playground: Playground, general: Channel, ada: Person, guild: Guild
) -> None:
    grace = playground.add_person("Grace")
    playground.join(grace, guild, permissions=MANAGE_MESSAGES)
    said = await ada.say(general, "hello")
    assert (await grace.say(general, "hi", reply_to=said)).mentions.replied is ada.user
    assert not (await grace.say(general, "hi", reply_to=said, ping=False)).mentions.anyone
