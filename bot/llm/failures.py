"""A server's complaint, told apart by what somebody can do about it.

Servers agree on the status at best. What decides is, in this order: codes of OpenAI's that stand for a bill, a model
that is missing, a prompt that is too long in the words of any server, the status. An error inside a stream has no
status; its `code` may be one.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from bot.errors import (
    ContextTooLong,
    EndpointMissing,
    KeyRefused,
    ModelError,
    ModelNotFound,
    Overloaded,
    QuotaExhausted,
    RateLimited,
    RequestRefused,
    TimedOut,
)

MAX_DETAIL = 500
"""Characters of a server's message that are kept for the log."""

UNPAID = frozenset(
    {
        "insufficient_quota",
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
        "billing_hard_limit_reached",
        "billing_not_active",
    }
)
_TOO_LONG = re.compile(
    r"context[ _](length|size|window)|maximum context|prompt is too long|trying to keep the first \d+ tokens"
    r"|request too large|reduce the length",
    re.IGNORECASE,
)
_NO_SUCH_MODEL = re.compile(r"\bmodel\b.{0,200}(not found|does ?n[o']t exist|not exist)", re.IGNORECASE | re.DOTALL)
_UNSUPPORTED = re.compile(
    r"un(supported|recogni[sz]ed|known|expected)|not[_ ](supported|permitted|allowed)|extra[_ ]|instead|n't support",
    re.IGNORECASE,
)
_GO_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|ms|us|µs|ns|m|s)")
_GO_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    message: str
    status: int | None = None
    """None inside a stream."""
    code: str = ""
    kind: str = ""
    param: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def unsupported(self) -> bool:
        """Whether a parameter is refused as such, and not for its value."""
        return bool(_UNSUPPORTED.search(f"{self.code} {self.message}"))

    def named(self, parameters: Collection[str]) -> frozenset[str]:
        """Those of `parameters` that it is about."""
        if self.param:
            first = self.param.removeprefix("body.").split(".")[0]
            return frozenset({first} & set(parameters))
        words = set(re.findall(r"[a-z_]+", self.message))
        return frozenset(words & set(parameters))


def complaint(body: object, *, status: int | None = None, headers: Mapping[str, str] | None = None) -> Complaint:
    """From an error answer as servers phrase it: OpenAI's `error` object, with or without its wrapping, or anything."""
    error = body.get("error", body) if isinstance(body, Mapping) else body
    fields: Mapping[str, Any] = error if isinstance(error, Mapping) else {}
    return Complaint(
        message=_message(error)[:MAX_DETAIL],
        status=status,
        code=str(fields.get("code") or ""),
        kind=str(fields.get("type") or ""),
        param=str(fields["param"]) if fields.get("param") else None,
        headers=headers or {},
    )


def to_error(said: Complaint, *, model: str, now: datetime) -> ModelError:
    """`now` dates a Retry-After that is given as a time of day."""
    request_id = said.headers.get("x-request-id")
    if said.status == 402 or UNPAID & {said.code, said.kind}:
        return QuotaExhausted(said.message, request_id=request_id)
    if said.code == "model_not_found" or (said.status == 404 and _NO_SUCH_MODEL.search(said.message)):
        return ModelNotFound(model, said.message, request_id=request_id)
    if _too_long(said):
        return ContextTooLong(said.message, request_id=request_id)
    return _by_status(said, _status(said), retry_after(said.headers, now), request_id)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds: the server's word if it gave one, else when OpenAI's spent limits are whole again."""
    if (milliseconds := _number(headers.get("retry-after-ms", ""))) is not None:
        return milliseconds / 1000
    given = headers.get("retry-after", "")
    if (seconds := _number(given)) is not None:
        return seconds
    try:
        moment = parsedate_to_datetime(given)
    except ValueError:
        return _reset(headers)
    return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now.timestamp())


def _by_status(said: Complaint, status: int, wait: float | None, request_id: str | None) -> ModelError:
    match status:
        case 401 | 403:
            return KeyRefused(said.message, request_id=request_id)
        case 404 | 405:
            return EndpointMissing(said.message, request_id=request_id)
        case 408:
            return TimedOut(said.message, request_id=request_id)
        case 429:
            return RateLimited(wait, said.message, request_id=request_id)
        case 409 | 425:
            return Overloaded(wait, said.message, request_id=request_id)
        case _ if status >= 500 and status != 501:
            return Overloaded(wait, said.message, request_id=request_id)
        case _:
            return RequestRefused(said.message, param=said.param, request_id=request_id)


def _status(said: Complaint) -> int:
    if said.status is not None:
        return said.status
    if re.fullmatch(r"[45]\d\d", said.code):
        return int(said.code)
    words = f"{said.code} {said.kind}"
    if "rate_limit" in words or "slow_down" in words:
        return 429
    return 400 if "invalid" in words else 500


def _too_long(said: Complaint) -> bool:
    if said.status == 413 or said.code == "context_length_exceeded" or said.kind == "exceed_context_size_error":
        return True
    return said.status not in (401, 403, 404) and bool(_TOO_LONG.search(said.message))


def _message(error: object) -> str:
    """Without the input that validation errors repeat: it is what people wrote."""
    match error:
        case str():
            return error
        case [*entries]:
            return "; ".join(_message(entry) for entry in entries)
        case {"loc": [*place], "msg": what}:
            return f"{'.'.join(str(part) for part in place)}: {what}"
        case {"msg": what}:
            return str(what)
        case {"message": inner} | {"detail": inner} | {"error": inner}:
            return _message(inner)
        case None:
            return ""
        case _:
            return json.dumps(error, ensure_ascii=False, default=str)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _reset(headers: Mapping[str, str]) -> float | None:
    """The longest reset of the limits that are spent; if none is, the one that comes first."""
    resets = {kind: _duration(headers.get(f"x-ratelimit-reset-{kind}", "")) for kind in ("requests", "tokens")}
    known = {kind: seconds for kind, seconds in resets.items() if seconds is not None}
    spent = [seconds for kind, seconds in known.items() if headers.get(f"x-ratelimit-remaining-{kind}") == "0"]
    return max(spent) if spent else min(known.values(), default=None)


def _duration(text: str) -> float | None:
    """Seconds of a duration as Go writes it: `1s`, `6m0s`, `20ms`."""
    parts = _GO_DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text.strip():
        return None
    return sum(float(number) * _GO_UNITS[unit] for number, unit in parts)
