from __future__ import annotations

from collections.abc import AsyncIterator

from bench.naive import LIMIT, Edit, recite


async def told(*tokens: str) -> list[list[str]]:
    """The versions of each message that the naive bot makes of an answer that comes at once."""
    messages: list[list[str]] = []

    async def coming() -> AsyncIterator[str]:
        for token in tokens:
            yield token

    async def send(text: str) -> Edit:
        versions = [text]
        messages.append(versions)

        async def edit(newer: str) -> None:
            versions.append(newer)

        return edit

    await recite(coming(), send)
    return messages


async def test_the_first_text_is_sent_and_the_last_edited() -> None:
    assert await told("", "one", " two", " three") == [["one", "one two three"]]


async def test_nothing_is_edited_that_is_whole() -> None:
    assert await told("one") == [["one"]]
    assert await told("", " ") == []


async def test_a_long_answer_goes_on_in_a_new_message() -> None:
    first, second = await told(*["word "] * (LIMIT // 5 + 3))
    assert first[-1] == "word " * (LIMIT // 5)
    assert second == ["word " * 3]
