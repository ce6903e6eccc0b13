from __future__ import annotations

import dataclasses
import itertools
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.context.prompt import Prompt, item_tokens
from bot.context.tokens import TokenCounter
from bot.context.window import LEAST_ANSWER, LOW_WATER, MARKER, Window, budget, fit
from bot.domain.conversation import File, Item, Quote, Role, Speaker, Turn
from bot.llm.port import Message

PROMPT = Prompt(model="m", instructions="i" * 94)
PREFIX = 100


class Letters:
    """A tokenizer to reckon with: every character is a token."""

    def count(self, text: str) -> int:
        return len(text)

    def middle_cut(self, text: str, limit: int, marker: str) -> str:
        if len(text) <= limit:
            return text
        room = limit - len(marker)
        return text[: room - room // 2] + marker + text[len(text) - room // 2 :] if room >= 2 else text[: max(0, limit)]


LETTERS = Letters()


def asked(size: int, **fields: object) -> Item:
    """Of `size` tokens, its name and the rest included."""
    item = Item(role=Role.USER, text="q" * (size - 6), tokens=size, speaker=Speaker(user_id=1, name="A"))
    assert item_tokens(LETTERS, item) == size
    changed = dataclasses.replace(item, **fields)  # type: ignore[arg-type]
    return dataclasses.replace(changed, tokens=item_tokens(LETTERS, changed))


def answer(size: int) -> Item:
    return Item(role=Role.ASSISTANT, text="a" * (size - 3), tokens=size)


def turn(run_id: int, question: int, reply: int, **fields: object) -> Turn:
    built = Turn(run_id=run_id, questions=(asked(question),), answer=answer(reply))
    return dataclasses.replace(built, **fields)  # type: ignore[arg-type]


def fitted(
    history: Sequence[Turn],
    questions: Sequence[Item],
    *,
    window_tokens: int = 2_100,
    answer_tokens: int = 1_000,
    start: int | None = None,
) -> Window:
    """With a budget of 1,000 unless told otherwise."""
    return fit(
        history,
        questions,
        counter=LETTERS,
        window_tokens=window_tokens,
        answer_tokens=answer_tokens,
        prompt=PROMPT,
        start=start,
    )


def runs(window: Window) -> list[int]:
    return [each.run_id for each in window.turns]


# --- budget ---


@pytest.mark.parametrize(
    ("window", "reserve", "prefix", "expected"),
    [
        (16_000, 4_000, 500, 11_500),
        (6_000, 4_000, 500, 2_750),
        (1_000, 4_000, 900, 500),
        (1_000, 4_000, 3_000, 500),
    ],
)
def test_budget(window: int, reserve: int, prefix: int, expected: int) -> None:
    assert budget(window, reserve, prefix) == expected


@pytest.mark.parametrize(
    ("question", "window", "answer", "expected"),
    [
        (100, 2_100, 1_000, 1_000),
        (100, 1_000, 4_000, 800),
        (4_000, 2_100, 4_000, 1_000),
        (100, 150, 4_000, LEAST_ANSWER),
        (100, 150, 64, 64),
    ],
    ids=["as set", "what the prompt leaves", "the reserve", "the least", "less than the least, as set"],
)
def test_an_answer_keeps_to_what_the_prompt_leaves(question: int, window: int, answer: int, expected: int) -> None:
    assert fitted([], [asked(question)], window_tokens=window, answer_tokens=answer).answer_tokens == expected


# --- which turns ---


def test_the_first_question() -> None:
    question = asked(50)
    window = fitted([], [question])
    assert (window.turns, window.questions, window.start, window.dropped) == ((), (question,), None, 0)
    assert window.tokens == PREFIX + 50


def test_everything_fits() -> None:
    history = [turn(3, 100, 100), turn(5, 100, 100)]
    window = fitted(history, [asked(600)])
    assert (window.turns, window.questions) == (tuple(history), (asked(600),))
    assert (window.start, window.tokens, window.dropped) == (3, PREFIX + 1_000, 0)


def test_over_budget_turns_leave_together() -> None:
    history = [turn(run_id, 50, 50) for run_id in range(1, 11)]
    window = fitted(history, [asked(50)])
    assert (runs(window), window.start, window.dropped) == ([6, 7, 8, 9, 10], 6, 5)
    assert window.tokens == PREFIX + 550


def test_what_has_left_does_not_come_back() -> None:
    history = [turn(run_id, 50, 50) for run_id in range(1, 11)]
    window = fitted(history, [asked(50)], start=9)
    assert (runs(window), window.start, window.dropped) == ([9, 10], 9, 0)


def test_when_everything_has_left_nothing_comes_back() -> None:
    history = [turn(run_id, 200, 400) for run_id in range(1, 4)]
    window = fitted(history, [asked(990)])
    assert (window.turns, window.start, window.dropped) == ((), 4, 3)
    again = fitted([*history, turn(8, 100, 100)], [asked(10)], start=window.start)
    assert runs(again) == [8]


def test_a_beginning_outlives_the_turns_after_it() -> None:
    assert fitted([], [asked(10)], start=7).start == 7
    assert fitted([turn(5, 10, 10)], [asked(10)], start=7).start == 7


def test_a_large_question_leaves_history_what_it_does_not_take() -> None:
    history = [turn(run_id, 50, 50) for run_id in range(1, 11)]
    window = fitted(history, [asked(700)])
    assert runs(window) == [8, 9, 10]
    assert window.tokens == PREFIX + 1_000


# --- what is too long ---


def test_a_newest_turn_over_the_budget_is_cut_in_its_longest_part() -> None:
    log = File(filename="log.txt", media_type="text/plain", data=b"start " + b"x" * 5_000 + b" end")
    window = fitted([turn(1, 50, 50)], [asked(100), asked(100, files=(log,))])
    assert window.turns == ()
    assert sum(item.tokens for item in window.questions) <= 1_000
    assert window.tokens == PREFIX + sum(item.tokens for item in window.questions)
    assert [item.text for item in window.questions] == [asked(100).text] * 2, "what is short stays whole"
    [cut] = window.questions[1].files
    assert cut.text.startswith("start xx")
    assert cut.text.endswith("xx end")
    assert MARKER in cut.text
    assert len(cut.text) > 700, "the room is used"


def test_more_questions_than_fit() -> None:
    questions = [asked(30) for _ in range(100)]
    window = fitted([], [*questions, asked(40)])
    assert window.questions[-1] == asked(40)
    assert sum(item.tokens for item in window.questions) <= 1_000


def test_a_question_that_is_all_frame() -> None:
    files = tuple(File(filename="n" * 80, media_type="text/plain", data=b"x") for _ in range(20))
    window = fitted([], [asked(400, files=files, quote=Quote(author="B", text="y" * 900))])
    [question] = window.questions
    assert question.text == asked(400).text
    assert question.files == ()


def test_a_large_turn_is_shown_cut_when_it_is_history() -> None:
    large = turn(1, 900, 50)
    window = fitted([large, turn(2, 50, 50)], [asked(50)])
    assert runs(window) == [1, 2]
    assert MARKER in window.turns[0].questions[0].text
    assert window.turns[0].tokens <= 250
    later = fitted([large, turn(2, 50, 50), turn(3, 50, 50)], [asked(50)], start=window.start)
    assert later.turns[:2] == window.turns, "and the same ever after"


# --- the server's count ---


def test_the_last_count_is_exact() -> None:
    counted = turn(2, 50, 50, prompt_tokens=310, window_start=1, prefix_hash=PROMPT.prefix_hash)
    window = fitted([turn(1, 50, 50), counted, turn(3, 40, 40)], [asked(20)], start=1)
    ratio = 310 / (PREFIX + 150)
    assert window.tokens == 310 + round(ratio * (50 + 80 + 20))


def test_a_count_below_the_estimate_counts_too() -> None:
    counted = turn(1, 200, 250, prompt_tokens=150, prefix_hash=PROMPT.prefix_hash)
    window = fitted([counted], [asked(600)])
    assert (window.tokens, window.dropped) == (150 + 250 + 600, 0)


@pytest.mark.parametrize(
    "fields",
    [
        {"prefix_hash": "other"},
        {"prefix_hash": None},
        {"window_start": 1, "prefix_hash": PROMPT.prefix_hash},
        {"window_start": None, "prefix_hash": PROMPT.prefix_hash},
    ],
    ids=["another prefix", "unknown prefix", "an earlier beginning", "a beginning of its own"],
)
def test_a_count_of_something_else_says_nothing(fields: dict[str, object]) -> None:
    counted = turn(5, 50, 50, prompt_tokens=9_000, **fields)
    window = fitted([turn(4, 50, 50), counted], [asked(20)], start=4)
    assert window.tokens == PREFIX + 220


def test_the_first_turn_was_its_own_beginning() -> None:
    counted = turn(1, 50, 50, prompt_tokens=180, window_start=None, prefix_hash=PROMPT.prefix_hash)
    assert fitted([counted], [asked(20)]).tokens == 180 + round(1.2 * 70)


def test_a_count_after_everything_had_left() -> None:
    counted = turn(8, 50, 50, prompt_tokens=180, window_start=4, prefix_hash=PROMPT.prefix_hash)
    assert fitted([counted], [asked(20)], start=4).tokens == 180 + round(1.2 * 70)


def test_a_dense_tokenizer_is_learned() -> None:
    """Where the server counts twice the estimate, half as many turns stay."""
    history = [turn(run_id, 50, 50) for run_id in range(1, 6)]
    history[-1] = dataclasses.replace(
        history[-1], prompt_tokens=2 * (PREFIX + 450), window_start=1, prefix_hash=PROMPT.prefix_hash
    )
    window = fitted(history, [asked(50)], start=1)
    assert runs(window) == [4, 5]
    assert window.tokens == 2 * (PREFIX + 250)


# --- properties ---

SIZES = st.integers(10, 400)


@st.composite
def histories(draw: st.DrawFn) -> list[Turn]:
    run_ids = itertools.accumulate(draw(st.lists(st.integers(1, 3), max_size=30)))
    return [
        turn(
            run_id,
            draw(st.integers(10, 3_000) if draw(st.integers(0, 9)) == 0 else SIZES),
            draw(SIZES),
            prompt_tokens=draw(st.one_of(st.none(), st.integers(1, 5_000))),
            window_start=draw(st.one_of(st.none(), st.integers(1, 40))),
            prefix_hash=PROMPT.prefix_hash,
        )
        for run_id in run_ids
    ]


@settings(deadline=None)
@given(
    history=histories(),
    sizes=st.lists(st.integers(10, 3_000), min_size=1, max_size=8),
    start=st.one_of(st.none(), st.integers(1, 40)),
    window_tokens=st.integers(1_000, 6_000),
    answer_tokens=st.integers(64, 8_000),
)
def test_what_always_holds(
    history: list[Turn], sizes: list[int], start: int | None, window_tokens: int, answer_tokens: int
) -> None:
    questions = [asked(size) for size in sizes]
    window = fitted(history, questions, window_tokens=window_tokens, answer_tokens=answer_tokens, start=start)
    room = budget(window_tokens, answer_tokens, PREFIX)
    assert window.tokens <= max(PREFIX + room, 900), "900: four times the estimate for the least of a question"
    assert sum(item.tokens for item in window.questions) <= room
    assert window.answer_tokens <= max(LEAST_ANSWER, window_tokens - window.tokens)
    assert window.questions
    assert window.questions[-1].speaker == questions[-1].speaker
    considered = [each.run_id for each in history if start is None or each.run_id >= start]
    kept = runs(window)
    assert considered[len(considered) - len(kept) :] == kept, "the newest, without a gap"
    assert window.dropped == len(considered) - len(kept)
    assert all(len(each.questions) >= 1 and each.answer for each in window.turns), "turns are whole"
    again = fitted(history, questions, window_tokens=window_tokens, answer_tokens=answer_tokens, start=start)
    assert again == window


# --- a long conversation ---


@dataclasses.dataclass(slots=True)
class Course:
    """What 400 turns came to."""

    cacheable: float
    most: int
    cuts: int
    beginnings_kept: bool


def converse(density: float, *, seed: int, turns: int = 400, window_tokens: int = 12_000) -> Course:
    """A conversation whose server counts `density` tokens for each of ours and caches what begins as before."""
    rng = random.Random(seed)
    prompt = Prompt(model="m", instructions="i" * 594)
    history: list[Turn] = []
    start: int | None = None
    sent: tuple[Message, ...] = ()
    total, cached, most, cuts, kept = 0, 0, 0, 0, True
    for run_id in range(1, turns + 1):
        questions = (asked(rng.randint(10, 120), text=f"{run_id} " + "q" * rng.randint(5, 100)),)
        window = fit(
            history,
            questions,
            counter=LETTERS,
            window_tokens=window_tokens,
            answer_tokens=4_000,
            prompt=prompt,
            start=start,
        )
        messages = prompt.messages(window)
        same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(messages, sent, strict=False))
        cached += sum(len(message.content) for message, _ in same)
        total += sum(len(message.content) for message in messages)
        counted = round(density * (prompt.tokens(LETTERS) + sum(i.tokens for t in window.turns for i in t.items)))
        counted += round(density * sum(item.tokens for item in questions))
        most = max(most, counted) if run_id > 1 else counted
        cuts += window.dropped > 0
        kept = kept and (window.dropped > 0 or start is None or window.start == start)
        history.append(
            Turn(
                run_id=run_id,
                questions=questions,
                answer=answer(rng.randint(50, 300)),
                prompt_tokens=counted,
                window_start=window.start,
                prefix_hash=prompt.prefix_hash,
            )
        )
        start, sent = window.start, messages
        history = [each for each in history if start is None or each.run_id >= start]
    return Course(cached / total, most, cuts, kept)


@pytest.mark.parametrize("density", [0.8, 1.0, 1.6, 2.5])
def test_400_turns(density: float) -> None:
    course = converse(density, seed=1)
    assert course.cacheable > 0.8
    assert course.most <= 8_000 + 60, "the window less the reserve; the newest answer is an estimate"
    assert course.beginnings_kept, "the beginning moves only when turns leave"
    assert course.cuts < 80


def test_single_turns_leaving_would_not_be_cacheable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulation can tell a good policy from a bad one."""
    monkeypatch.setattr("bot.context.window.LOW_WATER", 0.98)
    assert converse(1.0, seed=1).cacheable < 0.5
    assert LOW_WATER == 0.5


async def test_with_the_real_tokenizer(counter: TokenCounter) -> None:
    words = File(filename="log.txt", media_type="text/plain", data=("한국어 로그 line 42\n" * 3_000).encode())
    question = Item(role=Role.USER, text="왜?", tokens=0, speaker=Speaker(user_id=1, name="나비"), files=(words,))
    question = dataclasses.replace(question, tokens=item_tokens(counter, question))
    assert question.tokens > 20_000
    window = fit([], [question], counter=counter, window_tokens=16_000, answer_tokens=4_000, prompt=PROMPT, start=None)
    room = budget(16_000, 4_000, PROMPT.tokens(counter))
    assert 0.95 * room < window.questions[0].tokens <= room
    assert item_tokens(counter, window.questions[0]) == window.questions[0].tokens
