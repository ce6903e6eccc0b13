"""What a JSON body may be, declared once and checked in one place.

A shape reads a value and gives back what it knows of it: keys that a `Form` does not name are dropped, as Discord drops
them. What is wrong is collected under dotted paths, so that one refusal names everything at once, with the codes and
words of Discord's own forms.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

from playground.errors import InvalidForm, invalid_json, not_served

Problems = dict[str, tuple[str, str]]

MAX_SNOWFLAKE = 2**63 - 1
_SNOWFLAKE = re.compile(r"0|[1-9][0-9]{0,18}")
_BLANK = re.compile(r"[\s\x00-\x1f\x7f]")
WEB, ATTACHMENT = ("http", "https"), "attachment"
"""Schemes of links, and that of a message's own files."""


class Shape(Protocol):
    def read(self, value: Any, at: str, problems: Problems) -> Any:
        """The value as known; adds to `problems` what is wrong with it."""


def read(shape: Shape, value: Any) -> Any:
    """Raises InvalidForm with everything that is wrong."""
    problems: Problems = {}
    known = shape.read(value, "", problems)
    if problems:
        raise InvalidForm(problems)
    return known


def parsed(raw: bytes) -> Any:
    """Raises ApiError unless it is JSON in UTF-8: half a surrogate pair is no text, and NaN is no number."""
    try:
        value = json.loads(raw.decode("utf-8"), parse_constant=_refuse)
        if b"\\ud" in raw.lower():
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise invalid_json() from None
    return value


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def snowflake(path: str, value: object) -> int:
    """Raises InvalidForm where it is no id."""
    problems: Problems = {}
    text = Snowflake().read(value, path, problems)
    if problems:
        raise InvalidForm(problems)
    return int(text)


def length_problem(low: int, high: float) -> tuple[str, str]:
    if low == 0:
        return "BASE_TYPE_MAX_LENGTH", f"Must be {high} or fewer in length."
    if high == math.inf:
        return "BASE_TYPE_MIN_LENGTH", f"Must be {low} or more in length."
    return "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length."


@dataclass(frozen=True, slots=True)
class Text:
    """Lengths in code points."""

    low: int = 0
    high: float = math.inf

    def read(self, value: Any, at: str, problems: Problems) -> Any:
        if not isinstance(value, str):
            problems[at] = ("STRING_TYPE_CONVERT", "Could not interpret value as string.")
        elif not self.low <= len(value) <= self.high:
            problems[at] = length_problem(self.low, self.high)
        return value


@dataclass(frozen=True, slots=True)
class Url:
    schemes: tuple[str, ...] = WEB
    high: int = 2048

    def read(self, value: Any, at: str, problems: Problems) -> Any:
        Text(0, self.high).read(value, at, problems)
        if at in problems:
            return value
        scheme = value.partition("://")[0]
        if scheme.lower() not in self.schemes:
            told = f'Scheme "{scheme.lower()[:40]}" is not supported. Scheme must be one of {self.schemes}.'
            problems[at] = ("URL_TYPE_INVALID_SCHEME", told)
        elif not _leads_somewhere(value):
            problems[at] = ("URL_TYPE_INVALID_URL", "Not a well formed URL.")
        return value


def _leads_somewhere(url: str) -> bool:
    """Names of files may have blanks and whatever else: they are made safe before they are compared."""
    scheme, _, rest = url.partition("://")
    if scheme.lower() == ATTACHMENT:
        return rest != ""
    try:
        split = urlsplit(url)
        return bool(split.hostname) and split.port != 0 and not _BLANK.search(url)
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Time:
    """ISO 8601; without an offset it is taken for UTC."""

    def read(self, value: Any, at: str, problems: Problems) -> Any:
        try:
            moment = datetime.fromisoformat(value)
            return moment.replace(tzinfo=moment.tzinfo or UTC).isoformat()
        except (TypeError, ValueError):
            problems[at] = ("DATE_TIME_TYPE_PARSE", "Could not parse value. Should be ISO8601.")
        return value


@dataclass(frozen=True, slots=True)
class Integer:
    """By default whatever a double holds exactly."""

    low: int = -(2**53)
    high: int = 2**53

    def read(self, value: Any, at: str, problems: Problems) -> Any:
        if isinstance(value, bool) or not isinstance(value, int):
            problems[at] = ("NUMBER_TYPE_COERCE", "Value is not int.")
        elif value > self.high:
            problems[at] = ("NUMBER_TYPE_MAX", f"int value should be less than or equal to {self.high}.")
        elif value < self.low:
            problems[at] = ("NUMBER_TYPE_MIN", f"int value should be greater than or equal to {self.low}.")
        return value


@dataclass(frozen=True, slots=True)
class Number:
    """Finite."""

    low: float = -(2**53)
    high: float = 2**53

    def read(self, value: Any, at: str, problems: Problems) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float):
            problems[at] = ("NUMBER_TYPE_COERCE", "Value is not float.")
        elif not self.low <= value <= self.high:
            problems[at] = ("NUMBER_TYPE_MAX", f"float value should be between {self.low} and {self.high}.")
        return value


@dataclass(frozen=True, slots=True)
class Flag:
    def read(self, value: Any, at: str, problems: Problems) -> Any:
        if not isinstance(value, bool):
            problems[at] = ("BOOLEAN_TYPE_CONVERT", "Must be either true or false.")
        return value


@dataclass(frozen=True, slots=True)
class Null:
    def read(self, value: Any, at: str, problems: Problems) -> Any:
        if value is not None:
            problems[at] = ("BASE_TYPE_CHOICES", "Value must be null.")
        return value


@dataclass(frozen=True, slots=True)
class Anything:
    def read(self, value: Any, at: str, problems: Problems) -> Any:
        return value


@dataclass(frozen=True, slots=True)
class Snowflake:
    """An id as text or number, given back as text."""

    def read(self, value: Any, at: str, problems: Problems) -> Any:
        text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
        if not _SNOWFLAKE.fullmatch(text) or int(text) > MAX_SNOWFLAKE:
            problems[at] = ("NUMBER_TYPE_COERCE", f'Value "{text[:40]}" is not snowflake.')
        return text


@dataclass(frozen=True, slots=True)
class OneOf:
    values: tuple[str | int, ...]

    def read(self, value: Any, at: str, problems: Problems) -> Any:
        # True == 1, which no client may rely on.
        if isinstance(value, bool) or not isinstance(value, str | int) or value not in self.values:
            problems[at] = choices_problem(self.values)
        return value


def choices_problem(values: Collection[str | int]) -> tuple[str, str]:
    return "BASE_TYPE_CHOICES", f"Value must be one of {{{', '.join(map(repr, values))}}}."


@dataclass(frozen=True, slots=True)
class Either:
    """The first shape that the value has; otherwise what is wrong by the last one."""

    shapes: tuple[Shape, ...]

    def read(self, value: Any, at: str, problems: Problems) -> Any:
        found: Problems = {}
        for shape in self.shapes:
            found = {}
            known = shape.read(value, at, found)
            if not found:
                return known
        problems |= found
        return value


@dataclass(frozen=True, slots=True)
class List:
    item: Shape
    low: int = 0
    high: float = math.inf
    unique: bool = False

    def read(self, value: Any, at: str, problems: Problems) -> Any:
        if not isinstance(value, list):
            problems[at] = ("LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
            return value
        if not self.low <= len(value) <= self.high:
            problems[at] = length_problem(self.low, self.high)
            return value
        known = [self.item.read(item, inside(at, index), problems) for index, item in enumerate(value)]
        if self.unique:
            for index, item in enumerate(known):
                if item in known[:index]:
                    problems[inside(at, index)] = (
                        "SET_TYPE_ALREADY_CONTAINS_VALUE",
                        "The set already contains this value",
                    )
        return known


@dataclass(frozen=True, slots=True)
class Each:
    """A mapping from some keys, or with None any, to values of one shape, such as translations."""

    keys: frozenset[str] | None
    value: Shape

    def read(self, value: Any, at: str, problems: Problems) -> Any:
        if not isinstance(value, dict):
            return _no_mapping(value, at, problems)
        if self.keys is not None and not self.keys.issuperset(value):
            problems[at] = choices_problem(sorted(self.keys))
            return value
        return {key: self.value.read(item, inside(at, key), problems) for key, item in value.items()}


@dataclass(frozen=True, slots=True)
class Given:
    """Of a form's optional key: may be left out, but not null."""

    shape: Shape

    def read(self, value: Any, at: str, problems: Problems) -> Any:
        if value is None:
            problems[at] = ("BASE_TYPE_REQUIRED", "This field is required")
            return value
        return self.shape.read(value, at, problems)


@dataclass(frozen=True, slots=True)
class Unserved:
    """What Discord takes and the playground has not; nothing, an empty list and 0 ask for nothing.

    Raises ApiError 501 for what has the shape, so that nobody reads that Discord would refuse it.
    """

    shape: Shape

    def read(self, value: Any, at: str, problems: Problems) -> Any:
        before = len(problems)
        known = self.shape.read(value, at, problems)
        if value and len(problems) == before:
            raise not_served(at)
        return known


@dataclass(frozen=True, slots=True)
class Form:
    """An object. What is `optional` may be null too; `compact` then drops it.

    `usual`: what stands in for keys left out.
    """

    required: Mapping[str, Shape] = field(default_factory=dict)
    optional: Mapping[str, Shape] = field(default_factory=dict)
    compact: bool = False
    usual: Mapping[str, Any] = field(default_factory=dict)

    def read(self, value: Any, at: str, problems: Problems) -> Any:
        if not isinstance(value, dict):
            return _no_mapping(value, at, problems)
        known = dict(self.usual)
        for key, shape in self.required.items():
            known[key] = Given(shape).read(value.get(key), inside(at, key), problems)
        for key, shape in self.optional.items():
            if key not in value or (value[key] is None and self.compact):
                continue
            loose = value[key] is None and not isinstance(shape, Given)
            known[key] = None if loose else shape.read(value[key], inside(at, key), problems)
        return known


@dataclass(frozen=True, slots=True)
class Kinds:
    """Objects that are of one form or another by what stands under `key`; `usual` if nothing does."""

    key: str
    forms: Mapping[int, Shape]
    usual: int | None = None

    def read(self, value: Any, at: str, problems: Problems) -> Any:
        if not isinstance(value, dict):
            return _no_mapping(value, at, problems)
        kind: Any = value.get(self.key)
        kind = self.usual if kind is None else kind
        wrong: Problems = {}
        OneOf(tuple(self.forms)).read(kind, inside(at, self.key), wrong)
        if wrong:
            problems |= wrong
            return value
        return {self.key: kind, **self.forms[kind].read(value, at, problems)}


def inside(at: str, step: str | int) -> str:
    return f"{at}.{step}" if at else str(step)


def _no_mapping(value: Any, at: str, problems: Problems) -> Any:
    problems[at] = ("DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
    return value
