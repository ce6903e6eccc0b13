"""How a replay went: who wrote in which channel in which order, and how commands and buttons were answered.

What was written is not compared, nor how often it was edited: a model says it differently each time.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from playground.entities import Interaction, Json, Message
from playground.recording.cast import Cast
from playground.recording.files import Session
from playground.recording.names import BOT
from playground.recording.scribe import SPOKEN, answered
from playground.recording.wording import counted
from playground.server import Playground


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    recorded: int
    """Messages of the bot in the recording."""
    seen: int
    """In the replay."""
    differences: tuple[str, ...]

    def __str__(self) -> str:
        verdict = counted(len(self.differences), "difference") if self.differences else "as recorded"
        heading = f"{counted(self.seen, 'message')} of the bot, {self.recorded:,} recorded: {verdict}"
        return "\n".join((heading, *(f"- {difference}" for difference in self.differences)))


def compared(
    session: Session, playground: Playground, cast: Cast, said: Sequence[Message], problems: Sequence[str]
) -> Report:
    recorded, seen = _recorded(session.lines), _seen(playground, cast, said)
    places = [name for name in {**recorded, **seen} if recorded.get(name) != seen.get(name)]
    titles = _titles(session.lines)
    named = {BOT: playground.world.bot.name, **{name: person.name for name, person in cast.people.items()}}
    return Report(
        recorded=sum(speaker == BOT for row in recorded.values() for speaker in row),
        seen=sum(speaker == BOT for row in seen.values() for speaker in row),
        differences=(
            *problems,
            *(_difference(titles.get(name, name), recorded[name], seen[name], named) for name in places),
            *_outcomes(session.lines, cast, named),
        ),
    )


def _recorded(lines: Sequence[Json]) -> defaultdict[str, list[str]]:
    rows: defaultdict[str, list[str]] = defaultdict(list)
    for line in lines:
        if line["event"] == "said":
            rows[line["channel"]].append(line["by"])
    return rows


def _seen(playground: Playground, cast: Cast, said: Sequence[Message]) -> defaultdict[str, list[str]]:
    rows: defaultdict[str, list[str]] = defaultdict(list)
    names = {person.id: name for name, person in cast.people.items()} | {playground.bot_user_id: BOT}
    for message in said:
        if message.type in SPOKEN:
            channel = message.channel
            place = cast.name_of(channel) or f"#{channel.name or channel.id}, which was not recorded"
            rows[place].append(names.get(message.author.id, message.author.name))
    return rows


def _titles(lines: Sequence[Json]) -> dict[str, str]:
    people = {line["person"]: line["name"] for line in lines if line["event"] == "person"}
    return {
        line["channel"]: f"#{line['name']}" if "name" in line else f"the DM with {people.get(line.get('person'), '?')}"
        for line in lines
        if line["event"] in ("channel", "thread")
    }


def _difference(place: str, recorded: list[str], seen: list[str], named: dict[str, str]) -> str:
    was, now = Counter(recorded), Counter(seen)
    if was == now:
        at = next(number for number, pair in enumerate(zip(recorded, seen, strict=True)) if pair[0] != pair[1])
        return f"{place}: another order from message {at + 1} on"
    counts = (
        f"{now[who]} of {named.get(who, who)} instead of {was[who]}" for who in {**was, **now} if was[who] != now[who]
    )
    return f"{place}: messages: {', '.join(counts)}"


def _outcomes(lines: Sequence[Json], cast: Cast, named: dict[str, str]) -> Iterable[str]:
    """A message and the promise of one are the same kind of answer."""
    was = {line["interaction"]: line.get("kind", "none") for line in lines if line["event"] in ("answered", "failed")}
    for line in lines:
        invocation = cast.invocations.get(line.get("interaction", ""))
        if invocation is None or "by" not in line or line["interaction"] not in was:
            continue
        now, before = _outcome(invocation.interaction), was[line["interaction"]]
        if now.replace("promise", "message") != before.replace("promise", "message"):
            what = line.get("name") or line.get("label") or line.get("title") or line["event"]
            yield f"{line['at']:.1f} s, {named[line['by']]}, {what}: answered with {now} instead of {before}"


def _outcome(interaction: Interaction) -> str:
    return answered(interaction) if interaction.answered is not None else "none"
