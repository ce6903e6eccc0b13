"""Bad input made from Discord's own description of its API: something that fits, then broken somewhere.

A value that fits a schema is drawn first, to some depth, so that most of a body is right and the handlers are reached;
then a few places in it are replaced by what does not belong there. The raw body around it may be broken as well.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from tests.contract.document import Contract, Schema

MAX_DEPTH = 5
_STRANGE_TEXTS = ("", " ", "\x00", "a\x00b", "𝕏" * 3, "\ud800", "x\udfff", "a" * 33, "a" * 101, "a" * 4001, "1", "-1")
_STRANGE_VALUES: tuple[Any, ...] = (
    None,
    True,
    [],
    {},
    [[]],
    {"": None},
    0,
    -1,
    1.5,
    1e308,
    math.inf,
    math.nan,
    2**31,
    2**63,
    2**64,
    -(2**70),
    10**400,
    "NaN",
)
_LIKELY = ("content", "description")
"""Keys without which most messages and commands would be refused as empty."""
STRANGE = st.sampled_from((*_STRANGE_TEXTS, *_STRANGE_VALUES))
STRANGE_IDS = (
    "0",
    "1",
    "-1",
    "01",
    "١",
    "1.5",
    "1e3",
    "x",
    "@me",
    "%00",
    "%FF",
    "%ED%A0%80",
    "9" * 19,
    "9" * 400,
    "%2F",
)

T = TypeVar("T")


class Draw(Protocol):
    def __call__(self, strategy: st.SearchStrategy[T], /) -> T: ...


class Fitting:
    """Values that fit schemas of the document. `ids`: what snowflakes are drawn from."""

    def __init__(self, contract: Contract, ids: Callable[[], list[str]]) -> None:
        self._contract = contract
        self._ids = ids

    def value(self, draw: Draw, schema: Schema, depth: int = 0) -> Any:
        if "$ref" in schema:
            if schema["$ref"].endswith("/SnowflakeType"):
                return draw(st.sampled_from([*self._ids(), "1"]))
            return self.value(draw, self._contract.at(schema["$ref"]), depth)
        if "enum" in schema:
            return draw(st.sampled_from(schema["enum"]))
        forms = [*schema.get("oneOf", ()), *schema.get("anyOf", ())]
        if forms:
            return self.value(draw, draw(st.sampled_from(forms)), depth)
        if "allOf" in schema:
            return {key: value for each in schema["allOf"] for key, value in self.value(draw, each, depth).items()}
        return schema["const"] if "const" in schema else self._plain(draw, schema, depth)

    def _plain(self, draw: Draw, schema: Schema, depth: int) -> Any:
        types = schema.get("type", "object")
        type = draw(st.sampled_from(types)) if isinstance(types, list) else types
        match type:
            case "object":
                return self._object(draw, schema, depth)
            case "array":
                low = schema.get("minItems", 0)
                size = low if depth >= MAX_DEPTH else draw(st.integers(low, low + 1))
                return [self.value(draw, schema.get("items", {}), depth + 1) for _ in range(size)]
            case "string":
                return _text(draw, schema)
            case "integer" | "number":
                low = schema.get("minimum", 0)
                return draw(st.integers(low, min(schema.get("maximum", low + 100), low + 100)))
            case "boolean":
                return draw(st.booleans())
            case _:
                return None

    def _object(self, draw: Draw, schema: Schema, depth: int) -> Any:
        required, properties = schema.get("required", ()), schema.get("properties", {})
        required = [*required, *(key for key in _LIKELY if key in properties and key not in required)]
        spare = sorted(set(properties) - set(required))
        more = draw(st.lists(st.sampled_from(spare), max_size=3, unique=True)) if spare and depth < MAX_DEPTH else []
        return {key: self.value(draw, properties[key], depth + 1) for key in (*required, *more)}


def _text(draw: Draw, schema: Schema) -> str:
    if schema.get("format") == "date-time":
        return "2026-01-01T00:00:00+00:00"
    if schema.get("format") == "uri":
        return "https://example.org/a"
    low = schema.get("minLength", 1)
    return str(draw(st.text("ab_-안", min_size=low, max_size=min(schema.get("maxLength", 20), low + 8))))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in inner:
        yield from places(item, (*path, step))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    step, *rest = path
    if isinstance(value, list):
        return [replaced(item, tuple(rest), new) if index == step else item for index, item in enumerate(value)]
    return {key: replaced(item, tuple(rest), new) if key == step else item for key, item in value.items()}


def without(value: Any, path: tuple[Any, ...]) -> Any:
    *outer, last = path
    holder = value
    for step in outer:
        holder = holder[step]
    kept = [x for index, x in enumerate(holder) if index != last] if isinstance(holder, list) else None
    left = kept if kept is not None else {key: item for key, item in holder.items() if key != last}
    return replaced(value, tuple(outer), left)


def broken(draw: Draw, value: Any) -> Any:
    """With up to three places left out or replaced."""
    for _ in range(draw(st.sampled_from((0, 0, 0, 1, 1, 2, 3)))):
        path = draw(st.sampled_from(list(places(value))))
        left_out = path and draw(st.booleans())
        value = without(value, path) if left_out else replaced(value, path, draw(STRANGE))
    return value


def as_json(value: Any) -> bytes:
    """Half surrogate pairs as escapes, NaN as Python writes it, numbers of any length."""
    return json.dumps(value).encode()


STRANGE_BODIES = (b"", b"{", b"null", b"[]", b'"a"', b"\xff\xfe", b"[" * 100_000, b'{"a":1}{', b"0" * 5000)


def raw(draw: Draw, body: bytes) -> bytes:
    """What is sent: mostly the body itself."""
    return draw(st.sampled_from((*[body] * 20, *STRANGE_BODIES, body[:-1], body + b"}")))


STRANGE_TYPES = (
    "",
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/json; charset=utf-16",
    "a/b/c",
    "json",
)
STRANGE_MULTIPART = (
    "multipart/form-data",
    "multipart/form-data; boundary=other",
    'multipart/form-data; boundary=""',
    "multipart/mixed; boundary=line",
    "multipart/form-data; boundary=" + "l" * 71,
)
_DISPOSITIONS = (
    'form-data; name="files[0]"; filename="a.txt"',
    "form-data; name=\"files[1]\"; filename*=utf-8''%EC%95%88.txt",
    'form-data; name="files[-1]"; filename=""',
    'form-data; name="files[99999999999]"; filename="../../etc"',
    'form-data; name="other"',
    'form-data; filename="a"',
    "\xff",
)


def multipart(draw: Draw, body: bytes, boundary: str) -> bytes:
    """With `body` as its payload_json, mostly."""
    parts = [b'Content-Disposition: form-data; name="payload_json"\r\nContent-Type: application/json\r\n\r\n' + body]
    for disposition in draw(st.lists(st.sampled_from(_DISPOSITIONS), max_size=3)):
        parts.append(b"Content-Disposition: " + disposition.encode("latin-1") + b"\r\n\r\n\x00\xff file")
    line = b"--" + boundary.encode()
    whole = b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + b"--\r\n"
    strange = (b"", line, line + b"--", whole[:-4], whole.replace(b"\r\n", b"\n"), parts[0], whole + b"\x00" * 100)
    return draw(st.sampled_from((*[whole] * 12, *strange)))


def examples(request: pytest.FixtureRequest, number: int) -> settings:
    """The same ones every time, in one environment and for one PYTHONHASHSEED."""
    return settings(
        max_examples=number * request.config.getoption("--fuzz"),
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
