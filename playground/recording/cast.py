"""The people, places and messages of a recording in a world of their own: made from its lines, or waited for.

What people made has one counterpart, which the replay makes itself. What the bot made is known by its place in a row:
the third message of the bot in a channel stands for the third one recorded there, the second answer to a command for
the second one recorded. Both are looked up where they are needed, and waited for as long as they are not there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from playground.entities import CATEGORY, Channel, Guild, Json, Message, Overwrite, Role
from playground.people import Invocation, Person
from playground.recording import files
from playground.recording.names import BOT, told
from playground.recording.scribe import SPOKEN
from playground.server import Playground

T = TypeVar("T")

WORLD = ("person", "server", "role", "member", "left", "channel")


class Missing(Exception):
    """Something that the replay needs is not there, or did not come in time. The text says what."""


class Cast:
    def __init__(self, playground: Playground, lines: Sequence[Json], patience: float) -> None:
        self._playground = playground
        self._patience = patience
        self._guilds: dict[str, Guild] = {}
        self._roles: dict[str, Role] = {}
        self._channels: dict[str, Channel] = {}
        self._messages: dict[str, Message] = {}
        self.people: dict[str, Person] = {}
        self.invocations: dict[str, Invocation] = {}
        self._rows: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        self._awaited: dict[str, Json] = {}
        for line in lines:
            self._expect(line)

    def _expect(self, line: Json) -> None:
        if line.get("by") != BOT:
            return
        if line["event"] == "said":
            self._rows["said", _place(line)].append(line["message"])
            self._awaited[line["message"]] = line
        elif line["event"] == "thread":
            self._rows["thread", line["parent"]].append(line["channel"])
            self._awaited[line["channel"]] = line

    # Making the world

    def make(self, line: Json) -> None:
        """From a line of the kinds in WORLD."""
        match line["event"]:
            case "person":
                self.people[line["person"]] = self._playground.add_person(line["name"], line["locale"])
            case "server":
                self._make_guild(line)
            case "role":
                self._make_role(line)
            case "member":
                if line["member"] in self.people or line["member"] == BOT:
                    user = self._user(line["member"])
                    guild = self._guilds[line["server"]]
                    held = guild.members[user.id].roles if user.id in guild.members else []
                    roles = [self._roles[name] for name in line["roles"]]
                    self._playground.world.join(user, guild, [role for role in roles if role not in held])
            case "left":
                self._playground.world.leave(self._user(line["member"]), self._guilds[line["server"]])
            case _:
                self._channels[line["channel"]] = self._make_channel(line)

    def _make_guild(self, line: Json) -> None:
        owner = self.people.get(line.get("owner", ""))
        guild = self._playground.add_guild(line["name"], line["locale"], owner)
        self._guilds[line["server"]] = guild
        self._roles[line["server"]] = guild.everyone
        self._playground.world.set_permissions(guild, guild.everyone, int(line["permissions"]))

    def _make_role(self, line: Json) -> None:
        world, guild = self._playground.world, self._guilds[line["server"]]
        granted = int(line["permissions"])
        if line["role"] in self._roles:
            world.set_permissions(guild, self._roles[line["role"]], granted)
        else:
            mentionable = bool(line.get("mentionable"))
            self._roles[line["role"]] = world.add_role(guild, line["name"], granted, mentionable=mentionable)

    def _make_channel(self, line: Json) -> Channel:
        if "person" in line:
            return self.people[line["person"]].dm()
        return self._playground.world.add_channel(
            self._guilds[line["server"]],
            line.get("name", ""),
            type=line["type"],
            parent=self._channels.get(line.get("parent", "")) if line["type"] != CATEGORY else None,
            topic=line.get("topic"),
            overwrites=[self._overwrite(each) for each in line.get("overwrites") or ()],
        )

    def _overwrite(self, given: Json) -> Overwrite:
        role = self._roles.get(given["of"])
        id = role.id if role else self._user(given["of"]).id
        return Overwrite(id=id, for_member=role is None, allow=int(given["allow"]), deny=int(given["deny"]))

    # Finding what is there, or will be

    def person(self, name: str) -> Person:
        return self._known(self.people, name)

    def own(self, name: str, made: Message | Channel) -> None:
        """That something a person made has this name."""
        if isinstance(made, Message):
            self._messages[name] = made
        else:
            self._channels[name] = made

    def name_of(self, channel: Channel) -> str | None:
        for line in self._awaited.values():
            if line["event"] == "thread" and line["channel"] not in self._channels:
                found = self._find_thread(line)
                if found is not None:
                    self._channels[line["channel"]] = found
        return next((name for name, known in self._channels.items() if known is channel), None)

    async def channel(self, name: str) -> Channel:
        """Raises Missing."""
        if name in self._channels:
            return self._channels[name]
        line = self._known(self._awaited, name)
        parent = await self.channel(line["parent"])
        if "on" in line:
            message = await self.message(line["on"])
            return await self.wait(lambda: message.thread, f"a thread on a message in {parent.name}")
        return await self.wait(lambda: self._find_thread(line), f"the thread {line['name']}")

    async def message(self, name: str) -> Message:
        """Raises Missing."""
        if name in self._messages:
            return self._messages[name]
        line = self._known(self._awaited, name)
        if "answers" not in line:
            await self.channel(line["channel"])
        return await self.wait(lambda: self.find(name), "a message of the bot")

    def find(self, name: str) -> Message | None:
        """A message, where it has come by now."""
        line = self._awaited.get(name)
        if line is None or name in self._messages:
            return self._messages.get(name)
        candidates = self._answers(line["answers"]) if "answers" in line else self._posts(line["channel"])
        place = self._rows["said", _place(line)].index(name)
        return candidates[place] if place < len(candidates) else None

    def _find_thread(self, line: Json) -> Channel | None:
        parent = self._channels.get(line["parent"])
        if parent is None or parent.guild is None:
            return None
        if "on" in line:
            message = self.find(line["on"])
            return message.thread if message else None
        opened = [thread for thread in parent.guild.threads if thread.parent is parent]
        own = [thread for thread in opened if thread.owner_id == self._playground.bot_user_id]
        place = self._rows["thread", line["parent"]].index(line["channel"])
        return own[place] if place < len(own) else None

    def _answers(self, asked: str) -> list[Message]:
        if asked not in self.invocations:
            return []
        interaction = self.invocations[asked].interaction
        first = interaction.original
        return [*([first] if first and first.interaction is interaction else []), *interaction.followups]

    def _posts(self, channel_name: str) -> list[Message]:
        channel = self._channels.get(channel_name) or self._find_thread(self._awaited[channel_name])
        every = channel.by_id.values() if channel else ()
        bot = self._playground.world.bot
        return [each for each in every if each.author is bot and each.interaction is None and each.type in SPOKEN]

    async def wait(self, condition: Callable[[], T | None], what: str) -> T:
        """Raises Missing after the replay's patience."""
        try:
            return await self._playground.wait_for(condition, self._patience)
        except TimeoutError:
            raise Missing(f"{what} did not come within {self._patience:g} s") from None

    def _known(self, among: dict[str, T], name: str) -> T:
        if name not in among:
            raise Missing(f"{name} is not known")
        return among[name]

    # Values

    def text(self, text: str) -> str:
        return told(text, lambda sigil, name: f"<{sigil}{id}>" if (id := self._id(name)) else None)

    def value(self, value: Any) -> Any:
        """What a person chose or filled in."""
        if isinstance(value, list):
            return [self.value(each) for each in value]
        if isinstance(value, dict) and "file" in value:
            return value["file"]["name"], files.content(value["file"])
        if isinstance(value, dict):
            id = self._id(value["entity"])
            if id is None:
                raise Missing(f"{value['entity']} is not known")
            return id
        return self.text(value) if isinstance(value, str) else value

    def _id(self, name: str) -> int | None:
        if name == BOT:
            return self._playground.bot_user_id
        known = self.people.get(name) or self._roles.get(name) or self._channels.get(name)
        return known.id if known else None

    def _user(self, name: str) -> Any:
        return self._playground.world.bot if name == BOT else self.person(name).user


def _place(line: Json) -> str:
    """In which row a message of the bot stands."""
    return str(line.get("answers") or line["channel"])
