"""A recording as Markdown that people can read, for reports: who, when and what, edits counted, files by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from playground.entities import Json
from playground.recording.names import BOT, told
from playground.recording.wording import counted

_COUNTED = {"said": "message", "command": "command", "menu": "command", "failed": "unanswered interaction"}


@dataclass(slots=True, kw_only=True)
class _Told:
    """What became of a message, known once all lines are."""

    said: Json
    edits: int = 0
    edited: float = 0.0
    deleted: float | None = None
    by: str = ""
    last: Json = field(default_factory=dict)


def markdown(header: Json, lines: Sequence[Json]) -> str:
    transcript = _Transcript(header, lines)
    return "\n\n".join((*transcript.opening(), *transcript.entries())) + "\n"


class _Transcript:
    def __init__(self, header: Json, lines: Sequence[Json]) -> None:
        self._header = header
        self._lines = lines
        self._called: dict[str, str] = {BOT: str(header.get("bot") or "the bot")}
        self._messages: dict[str, _Told] = {}
        self._asked = {line["interaction"]: line for line in lines if "interaction" in line and "by" in line}
        for line in lines:
            self._learn(line)

    def opening(self) -> Iterable[str]:
        yield f"# A session with {self._called[BOT]}"
        numbers = Counter(_COUNTED[line["event"]] for line in self._lines if line["event"] in _COUNTED)
        refused = [line for line in self._lines if line["event"] == "refused"]
        numbers["rate limit"] = sum(line.get("status") == 429 for line in refused)
        numbers["other refusal"] = len(refused) - numbers["rate limit"]
        summary = ", ".join(counted(number, what) for what, number in numbers.items())
        yield f"Begun {self._header.get('started', 'at an unknown time')}; times are from then. {summary}."
        if self._header.get("left_out"):
            yield f"⚠️ The oldest is not here: {counted(self._header['left_out'], 'event')} left out."

    def entries(self) -> Iterable[str]:
        for line in self._lines:
            entry = self._entry(line)
            if entry:
                yield f"**{_clock(line['at'])}** {entry}"

    def _learn(self, line: Json) -> None:
        match line["event"]:
            case "person":
                self._called[line["person"]] = line["name"]
            case "server" | "role":
                self._called[line[line["event"]]] = line["name"]
            case "channel" | "thread":
                whose = f"{self._called[line['person']]}'s DM" if "person" in line else ""
                self._called[line["channel"]] = whose or f"#{line.get('name', '')}"
            case "said":
                self._messages[line["message"]] = _Told(said=line, last=dict(line))
            case "edited" if line["message"] in self._messages:
                self._edited(self._messages[line["message"]], line)
            case "deleted":
                for name in line["messages"]:
                    if name in self._messages:
                        self._messages[name].deleted, self._messages[name].by = line["at"], line["by"]

    def _edited(self, message: _Told, line: Json) -> None:
        # A promise that is kept is no edit to those who read it.
        message.edits += line.get("edits", 1) - bool(message.last.get("loading"))
        message.edited = line["at"]
        message.last |= line

    def _entry(self, line: Json) -> str | None:
        match line["event"]:
            case "said":
                return self._said(self._messages[line["message"]])
            case "reacted" | "unreacted":
                verb = "reacted with" if line["event"] == "reacted" else "took back"
                return f"{self._who(line)} {verb} {line['emoji']} at {self._whose(line['message'])}"
            case "thread":
                return f"{self._who(line)} opened the thread {self._called[line['channel']]}"
            case "command" | "menu" | "pressed" | "submitted":
                return f"{self._who(line)} in {self._place(line)} {self._deed(line)}"
            case "answered" if line["kind"] == "form":
                return f"{self._called[BOT]} opened the form “{line['title']}”"
            case "failed":
                asked = self._asked.get(line["interaction"])
                what = f"{self._who(asked)}, who {self._deed(asked)}" if asked else "an interaction"
                return f"⚠️ {self._called[BOT]} did not answer {what}, in time"
            case "refused":
                return f"⚠️ {self._refused(line)}"
            case "online" | "offline":
                return f"{self._called[BOT]} went {line['event']}"
            case _:
                return None

    def _said(self, message: _Told) -> str:
        said, last = message.said, message.last
        to = f", to {self._whose(said['to'])}" if said.get("to") in self._messages else ""
        private = f", for {self._named(said['for'])} alone" if "for" in said else ""
        heading = f"{self._who(said)} in {self._place(said)}{to}{private}"
        texts = filter(None, (last.get("text", ""), *last.get("layout", ())))
        text = told_to_people("\n\n".join(texts), self._called)
        quoted = "\n".join(f"> {row}".rstrip() for row in text.splitlines())
        return "\n\n".join(part for part in (heading, quoted, " · ".join(self._remarks(message))) if part)

    def _remarks(self, message: _Told) -> Iterable[str]:
        last = message.last
        if last.get("files"):
            yield "files: " + ", ".join(f"{file['name']} ({counted(file['size'], 'byte')})" for file in last["files"])
        for embed in last.get("embeds") or ():
            yield f"embed: {embed.get('title') or embed.get('description') or 'without words'}"
        if last.get("buttons"):
            yield "buttons: " + ", ".join(_code(label) for label in last["buttons"])
        if last.get("loading"):
            yield "a promise that was not kept"
        if message.edits:
            yield f"edits: {message.edits}, the last at {_clock(message.edited)}"
        if message.deleted is not None:
            yield f"deleted at {_clock(message.deleted)} by {self._named(message.by)}"

    def _deed(self, line: Json) -> str:
        match line["event"]:
            case "command":
                options = "".join(f" {name}: {self._value(value)}" for name, value in line["options"].items())
                return f"used {_code('/' + line['name'] + options)}"
            case "menu":
                return f"used {_code(line['name'])} in the menu of {self._whose(line['target'])}"
            case "pressed":
                chosen = ", ".join(self._value(value) for value in line.get("values") or ())
                return f"pressed {_code(line['label'])}" + (f" and chose {chosen}" if chosen else "")
            case _:
                filled = "; ".join(f"{each['label']}: {self._value(each['value'])}" for each in line.get("fields", ()))
                return f"sent the form “{line.get('title', '')}” with {filled or 'nothing'}"

    def _refused(self, line: Json) -> str:
        place = f" in {self._called[line['channel']]}" if line.get("channel") in self._called else ""
        code = f", code {line['code']}" if "code" in line else ""
        wait = f" Wait {line['retry_after']} s." if "retry_after" in line else ""
        on_purpose = ", on purpose" if line.get("faulted") else ""
        if "status" not in line:
            return f"{_code(line['call'])}{place} got no answer: the connection broke{on_purpose}."
        told = f"{line['status']}{code}{on_purpose}. {line.get('message', '')}{wait}"
        return f"{_code(line['call'])}{place} was refused: {told}"

    def _value(self, value: object) -> str:
        if isinstance(value, list):
            return ", ".join(map(self._value, value))
        if isinstance(value, dict) and "file" in value:
            return f"{value['file']['name']} ({counted(value['file']['size'], 'byte')})"
        if isinstance(value, dict):
            return self._named(value["entity"])
        return told_to_people(value, self._called) if isinstance(value, str) else str(value)

    def _who(self, line: Json) -> str:
        return f"**{self._named(line['by'])}**"

    def _place(self, line: Json) -> str:
        return self._named(line["channel"])

    def _named(self, name: str) -> str:
        return self._called.get(name, name)

    def _whose(self, name: str) -> str:
        if name not in self._messages:
            return self._called.get(name, "a message")
        said = self._messages[name].said
        return f"{self._named(said['by'])}'s message of {_clock(said['at'])}"


def told_to_people(text: str, called: dict[str, str]) -> str:
    """With people's names where they are mentioned."""
    return told(text, lambda sigil, name: (sigil[0] + called[name].lstrip("#")) if name in called else None)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds, 1), 60)
    return f"{minutes:02.0f}:{rest:04.1f}"


def _code(text: str) -> str:
    """As a code span, whatever it holds."""
    flat = " ".join(text.split())
    return f"`` {flat} ``" if "`" in flat else f"`{flat}`"
