from __future__ import annotations

from typing import Any

import pytest

from bench.scenarios import SCENARIOS, answer_to, chosen
from bench.scoring import Sent, State, age_at, complete, freshness, readable, saw, sights
from playground.models.scripted import tokens


def sent(text: str, *, every: float = 1.0) -> Sent:
    return [(token, number * every) for number, token in enumerate(tokens(text))]


def test_the_scores_of_a_stream_computed_by_hand() -> None:
    """Tokens at 0, 1, 2, 3; the first two readable at 1.5, the others at 3.5.

    Age: from 0 to 1.5 it grows from 0 to 1.5, an area of 1.125. At 1.5 the newest visible token is 0.5 old; until 3
    it grows to 2, an area of 1.875. Together 3, over 3 seconds: 1. Delays: 1.5, 0.5, 1.5 and 0.5.
    """
    fresh = freshness(sent("a b c d"), [(1.5, "a b"), (3.5, "a b c d")])
    assert fresh.first_text == 1.5
    assert fresh.mean_age == pytest.approx(1.0)
    assert fresh.worst_age == 2.0
    assert fresh.mean_delay == pytest.approx((1.5 + 0.5 + 1.5 + 0.5) / 4)
    assert fresh.final_text == 0.5
    assert fresh.states == 2


def test_the_age_is_a_saw() -> None:
    stream, states = sent("a b c d"), [(1.5, "a b"), (2.0, "a b c"), (3.5, "a b c d")]
    seen = sights(stream, states)
    assert saw(seen, 0.0, 3.0) == [(0.0, 0.0), (1.5, 1.5), (1.5, 0.5), (2.0, 1.0), (2.0, 0.0), (3.0, 1.0)]
    assert [age_at(seen, 0.0, moment) for moment in (1.0, 1.5, 1.75, 2.0, 3.5)] == [1.0, 0.5, 0.75, 0.0, 0.5]


def test_text_that_is_not_the_answers_does_not_count() -> None:
    fresh = freshness(sent("a b"), [(0.5, "thinking …"), (2.0, "a b")])
    assert fresh.first_text == 2.0


def test_half_a_word_is_not_yet_readable() -> None:
    fresh = freshness(sent("alpha beta"), [(0.5, "alph"), (1.0, "alpha be"), (4.0, "alpha beta")])
    assert fresh.first_text == 1.0
    assert fresh.final_text == 3.0


def test_a_shorter_version_takes_nothing_back() -> None:
    fresh = freshness(sent("a b c"), [(1.0, "a b"), (1.5, "a"), (2.5, "a b c")])
    assert fresh.mean_delay == pytest.approx((1.0 + 0.0 + 0.5) / 3)


def test_an_answer_that_stays_incomplete_is_no_result() -> None:
    with pytest.raises(ValueError, match="1 of 2 tokens"):
        freshness(sent("a b"), [(1.0, "a")])
    with pytest.raises(ValueError, match="0 of 2 tokens"):
        freshness(sent("a b"), [])


def test_an_answer_of_one_token_has_no_age() -> None:
    fresh = freshness(sent("a"), [(0.25, "a")])
    assert (fresh.first_text, fresh.final_text, fresh.mean_age) == (0.25, 0.25, 0.0)


BOT, SOMEBODY = {"id": "1"}, {"id": "2"}


def page(author: dict[str, str], *versions: State) -> dict[str, Any]:
    shown = [{"elapsed": moment, "content": content} for moment, content in versions]
    return {"author": author, "versions": shown}


def test_pages_are_read_together_and_other_people_left_out() -> None:
    messages = [
        page(SOMEBODY, (0.0, "a question")),
        page(BOT, (1.0, "one"), (2.0, "one two"), (4.0, "one two!")),
        page(BOT, (3.0, "three")),
    ]
    states = readable(messages, "1")
    assert states == [(1.0, "one"), (2.0, "one two"), (3.0, "one twothree"), (4.0, "one two!three")]
    assert complete(sent("one two! three"), states)
    assert not complete(sent("one two! three four"), states)


def test_a_commands_question_is_no_part_of_the_answer() -> None:
    versions = ((0.0, ""), (0.5, "> a question\n> of two lines"), (1.0, "> a question\n> of two lines\na > b"))
    assert [text for _, text in readable([page(BOT, *versions)], "1")] == ["", "", "a > b"]


def test_every_question_has_an_answer_of_its_own() -> None:
    one, other = (answer_to([{"role": "user", "content": name}], 300) for name in ("one", "other"))
    assert one != other and len(tokens(one)) == 300
    assert one == answer_to([{"role": "user", "content": "one"}], 300)


def test_scenarios_are_chosen_by_name_and_shortened() -> None:
    assert [each.name for each in chosen((), short=False)] == list(SCENARIOS)
    assert SCENARIOS["ask"].seconds == 6.0
    (short,) = chosen(["two-hundred"], short=True)
    assert (short.streams, short.words, short.pace) == (5, 60, 40.0)
    with pytest.raises(KeyError):
        chosen(["three"], short=False)
