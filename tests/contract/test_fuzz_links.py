"""Links to attached files: exactly the one that was handed out opens, whatever is made of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
import yarl
from hypothesis import given
from hypothesis import strategies as st

from bot.clock import ManualClock
from playground import cdn
from tests.contract import fuzz
from tests.contract.arena import Arena
from tests.playground.client import Reply

CONTENT = b"0123456789"
STRANGE = (*fuzz.STRANGE_IDS, "9" * 5000, "", "%EC%95%88.txt", "..", "%2e%2e", "a" * 300, "f" * 64, "-f", "0x5", "_")
RANGES = ("bytes=0-3", "bytes=5-2", "bytes=-0", "bytes=99-", "bytes=a-b", "bytes=0-1,3-4", "lines=1-2", "\xff", "")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def arena(clock: ManualClock) -> Iterator[Arena]:
    with Arena(clock) as arena:
        yield arena


def link(arena: Arena, name: str = "안 녕.txt") -> str:
    said = arena.run(arena.ada.say(arena.general, "a file", files=[(name, CONTENT)]))
    return cdn.link(arena.playground.world, said.attachments[0])


def fetch(arena: Arena, url: str, **headers: str) -> Reply:
    return arena.ask("GET", yarl.URL(url, encoded=True), headers=headers)


def changed(draw: fuzz.Draw, url: str) -> str:
    """With one to three of its parts replaced or left out."""
    parts = urlsplit(url)
    steps, terms = parts.path.split("/"), parse_qsl(parts.query)
    for _ in range(draw(st.integers(1, 3))):
        strange = quote(draw(st.sampled_from(STRANGE)), safe="%@")
        if draw(st.booleans()):
            steps[draw(st.integers(2, len(steps) - 1))] = strange
        elif terms:
            place = draw(st.integers(0, len(terms) - 1))
            terms[place : place + 1] = draw(st.sampled_from(([], [(terms[place][0], strange)])))
    query = "&".join(f"{name}={value}" for name, value in terms)
    return f"{parts.scheme}://{parts.netloc}{'/'.join(steps)}?{query}"


def test_a_link_that_was_changed_opens_nothing(arena: Arena, request: pytest.FixtureRequest) -> None:
    url = link(arena)

    @fuzz.examples(request, 150)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        other = changed(data.draw, url)
        reply = fetch(arena, other)
        # A line of over 8,190 bytes is the HTTP server's to refuse.
        assert other == url or reply.status == 404 or (reply.status == 400 and len(other) > 8_000), (other, reply)

    check()
    assert fetch(arena, url).body == CONTENT


@pytest.mark.parametrize("part", ["channel", "attachment", "name", "ex", "is", "hm", "none"])
def test_every_part_of_a_link_counts(arena: Arena, part: str) -> None:
    url, other = link(arena), link(arena, "other.txt")
    parts, terms = urlsplit(url), dict(parse_qsl(urlsplit(url).query))
    _, _, channel, attachment, name = parts.path.split("/")
    steps = {"channel": channel, "attachment": attachment, "name": name}
    if part in terms:
        terms[part] = terms[part][:-1] + ("0" if terms[part][-1] != "0" else "1")
    elif part in steps:
        steps[part] = {"channel": "1", "attachment": urlsplit(other).path.split("/")[3], "name": "a.exe"}[part]
    query = "&".join(f"{key}={value}" for key, value in terms.items())
    reply = fetch(arena, f"{parts.scheme}://{parts.netloc}/attachments/{'/'.join(steps.values())}?{query}")
    assert (reply.status == 200) is (part == "none")


@pytest.mark.parametrize("asked", RANGES, ids=repr)
def test_a_range_is_answered_whatever_it_is(arena: Arena, asked: str) -> None:
    reply = fetch(arena, link(arena), Range=asked)
    assert reply.status in (200, 206, 416) and (reply.status != 200 or reply.body == CONTENT)


@pytest.mark.parametrize("name", ["a.txt", "안녕.txt", "a b.txt", "a%20b.txt", "a#b?c&d.txt", "..", "é" * 50])
def test_a_link_opens_whatever_the_file_is_called(arena: Arena, name: str) -> None:
    assert fetch(arena, link(arena, name)).body == CONTENT


def test_a_link_is_good_for_a_day(arena: Arena, clock: ManualClock) -> None:
    url = link(arena)
    arena.run(clock.advance((cdn.LIFE - timedelta(seconds=1)).total_seconds()))
    assert fetch(arena, url).status == 200
    arena.run(clock.advance(1))
    assert fetch(arena, url).status == 404
