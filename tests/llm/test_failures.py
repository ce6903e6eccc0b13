from __future__ import annotations

from datetime import UTC, datetime

import pytest

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
from bot.llm.failures import Complaint, complaint, retry_after, to_error

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "Sat, 21 Nov 2026 12:00:30 GMT"}, 30),
        ({"retry-after": "Sat, 21 Nov 2026 11:00:00 GMT"}, 0),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "Sat, 21 Nov 2026 12:00:30 -0000"}, 30),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "soon", "x-ratelimit-reset-requests": "1s"}, 1),
        ({"x-ratelimit-reset-requests": "1s", "x-ratelimit-reset-tokens": "6m0s"}, 1),
        (
            {
                "x-ratelimit-remaining-tokens": "0",
                "x-ratelimit-reset-requests": "1s",
                "x-ratelimit-reset-tokens": "6m0s",
            },
            360,
        ),
        ({"x-ratelimit-reset-tokens": "1h2m3.5s"}, 3723.5),
        (
            {
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-remaining-tokens": "0",
                "x-ratelimit-reset-requests": "90s",
                "x-ratelimit-reset-tokens": "6s",
            },
            90,
        ),
        ({"x-ratelimit-reset-tokens": "20ms"}, 0.02),
        ({"x-ratelimit-reset-tokens": "1.5s500us5µs5ns"}, 1.500505005),
        ({"x-ratelimit-reset-tokens": " 1s "}, 1),
        ({"x-ratelimit-reset-tokens": "in 1s"}, None),
        ({"x-ratelimit-reset-tokens": "next week"}, None),
        ({"x-ratelimit-reset-tokens": ""}, None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == pytest.approx(seconds)


def test_what_people_wrote_is_not_repeated() -> None:
    body = {
        "detail": [
            {"loc": ["body", "top_p"], "msg": "Extra inputs", "input": "my secret"},
            {"msg": "odd", "input": "my secret"},
        ]
    }
    said = complaint(body, status=422)
    assert "my secret" not in said.message
    assert said.message == "body.top_p: Extra inputs; odd"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"error": {"message": "no", "param": "top_p"}}, {"top_p"}),
        ({"error": {"message": "no", "param": "stream_options.include_usage"}}, {"stream_options"}),
        ({"error": {"message": "top_p and temperature are odd", "param": None}}, {"top_p", "temperature"}),
        ({"error": {"message": "top_p is odd", "param": "messages"}}, set()),
        ({"message": "[{'loc': ('body', 'top_p'), 'msg': 'Extra'}]"}, {"top_p"}),
        ("temperature?", {"temperature"}),
        (None, set()),
    ],
)
def test_which_parameters_are_meant(body: object, named: set[str]) -> None:
    assert complaint(body, status=400).named(["top_p", "temperature", "stream_options"]) == named


def test_a_long_page_is_shortened() -> None:
    assert len(complaint("<p>" * 10_000, status=502).message) == 500


def told(status: int | None, message: str = "", **fields: object) -> ModelError:
    """What a server's error is to the caller."""
    headers = {"x-request-id": "req_1", "retry-after": "7"}
    return to_error(
        complaint({"error": {"message": message, **fields}}, status=status, headers=headers), model="m", now=NOW
    )


@pytest.mark.parametrize(
    "code",
    [
        "insufficient_quota",
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
        "billing_hard_limit_reached",
        "billing_not_active",
    ],
)
@pytest.mark.parametrize("name", ["code", "type"])
@pytest.mark.parametrize("status", [400, 403, 429, None])
def test_a_bill_that_is_not_paid_is_not_waited_for(status: int | None, name: str, code: str) -> None:
    assert type(told(status, "no", **{name: code})) is QuotaExhausted


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 8192 tokens",
        "the request exceeds the available context size",
        "Requested tokens (700) exceed context window of 512",
        "exceeds the context_window of the model",
        "Input exceeds MAXIMUM CONTEXT",
        "prompt is too long: 210000 tokens > 200000 maximum",
        "Trying to keep the first 5000 tokens when the context overflows",
        "Request too large for model `m` on tokens per minute",
        "Please reduce the length of the messages or completion.",
    ],
)
@pytest.mark.parametrize("status", [400, 413, 429, 500, None])
def test_a_prompt_that_is_too_long_in_the_words_of_any_server(status: int | None, message: str) -> None:
    assert type(told(status, message)) is ContextTooLong


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_refused_is_so_whatever_else_is_said(status: int) -> None:
    assert type(told(status, "This key may not use a context window of 1M")) is KeyRefused
    assert type(told(status, "model m not found for this key")) is KeyRefused


@pytest.mark.parametrize(
    "message",
    [
        "model 'm' not found, try pulling it first",
        "The model `m` does not exist",
        "Model m doesn't exist",
        "the MODEL m\ndoes not exist or you have no access",
        "The model `" + "x" * 150 + "` does not exist",
        "Model Not Exist",
    ],
)
def test_a_model_that_is_missing_in_the_words_of_any_server(message: str) -> None:
    missing = told(404, message)
    assert isinstance(missing, ModelNotFound) and missing.model == "m"
    assert type(told(400, message)) is RequestRefused


def test_an_address_that_is_missing_is_no_model() -> None:
    assert type(told(404, "no context window here")) is EndpointMissing


@pytest.mark.parametrize(
    ("status", "fields", "expected"),
    [
        (None, {"code": "429"}, RateLimited),
        (None, {"code": 401}, KeyRefused),
        (None, {"code": 503}, Overloaded),
        (None, {"code": 1503}, Overloaded),
        (None, {"type": "rate_limit_error"}, RateLimited),
        (None, {"code": "slow_down"}, RateLimited),
        (None, {"type": "invalid_request_error"}, RequestRefused),
        (None, {"code": "invalid_prompt"}, RequestRefused),
        (None, {}, Overloaded),
        (408, {}, TimedOut),
        (409, {}, Overloaded),
        (425, {}, Overloaded),
        (499, {}, RequestRefused),
        (500, {}, Overloaded),
        (501, {}, RequestRefused),
        (200, {"code": 429}, RequestRefused),
        (400, {"code": "model_not_found"}, ModelNotFound),
        (400, {"code": "context_length_exceeded"}, ContextTooLong),
    ],
)
def test_the_status_decides_and_in_a_stream_the_code(
    status: int | None, fields: dict[str, object], expected: type[ModelError]
) -> None:
    assert type(told(status, "no", **fields)) is expected


@pytest.mark.parametrize("status", [400, 401, 402, 404, 408, 409, 413, 429, 503])
def test_every_error_carries_what_the_operator_needs(status: int) -> None:
    refused = told(status, "model m not found" if status == 404 else "in words")
    assert refused.request_id == "req_1" and refused.detail
    if isinstance(refused, RateLimited | Overloaded):
        assert refused.retry_after == 7


def test_which_parameter_was_refused_is_told() -> None:
    refused = told(400, "no", param="top_p")
    assert isinstance(refused, RequestRefused) and refused.param == "top_p"
    refused = told(400, "no", param="")
    assert isinstance(refused, RequestRefused) and refused.param is None


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("", "Unsupported parameter: 'max_tokens'"),
        ("", "Unrecognized request argument supplied: max_tokens"),
        ("", "Unrecognised argument max_tokens"),
        ("", "Unknown name max_tokens"),
        ("", "unexpected keyword argument 'max_tokens'"),
        ("", "max_tokens is not supported with this model"),
        ("", "max_tokens: not permitted"),
        ("", "max_tokens is not allowed"),
        ("", "max_tokens: Extra inputs"),
        ("extra_forbidden", "max_tokens"),
        ("unsupported_parameter", "max_tokens"),
        ("", "use max_completion_tokens instead of max_tokens"),
        ("", "this model doesn't support max_tokens"),
    ],
)
def test_a_parameter_that_is_refused_as_such_in_the_words_of_any_server(code: str, message: str) -> None:
    assert Complaint(message=message, code=code).unsupported


@pytest.mark.parametrize("message", ["max_tokens is too large: 100. At most 50.", "max_tokens must be positive"])
def test_a_parameter_that_is_refused_for_its_value(message: str) -> None:
    assert not Complaint(message=message, code="invalid_value").unsupported


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("plain words", "plain words"),
        ({"message": "m"}, "m"),
        ({"detail": "d"}, "d"),
        ({"error": "e"}, "e"),
        ({"error": {"message": {"detail": [{"msg": "inner"}]}}}, "inner"),
        ([{"msg": "one"}, {"loc": ["body", 0], "msg": "two"}], "one; body.0: two"),
        (None, ""),
        ({"error": None}, ""),
        ({"오류": 1}, '{"오류": 1}'),
    ],
)
def test_what_a_server_says_is_found_wherever_it_says_it(body: object, message: str) -> None:
    assert complaint(body).message == message
