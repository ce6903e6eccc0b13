from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.llm.failures import complaint, retry_after

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
        ({"x-ratelimit-reset-tokens": "20ms"}, 0.02),
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
