"""What everybody reads of a reset and of its undo."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.channels.resets import Forgotten, Undone
from bot.domain.conversation import Place, Speaker
from bot.domain.run import Run, RunStatus
from bot.words import words
from cogs.reset import announcement, undoing

NOTHING, ONE, TWO = 0, 1, 2
QUESTION = Run(
    run_id=8,
    place=Place(channel_id=1, guild_id=2),
    asker=Speaker(user_id=3, name="Ada"),
    trigger_message_id=4,
    reply_to_message_id=4,
    status=RunStatus.QUEUED,
    locale=None,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)


def told(turns: int, *, stopped: bool = False, dropped: int = 0, persona: str | None = None, locale: str = "en") -> str:
    reset = Forgotten(
        reset_id=1,
        turns=turns,
        persona_left=persona is not None,
        running=(7,) if stopped else (),
        dropped=(QUESTION,) * dropped,
        unanswered=tuple(range(dropped)),
    )
    return announcement("Grace", reset, persona, words(locale))


@pytest.mark.parametrize(
    ("turns", "stopped", "dropped", "persona", "text"),
    [
        (NOTHING, False, NOTHING, None, "There was nothing to forget yet."),
        (NOTHING, False, NOTHING, "Tutor", "There was nothing to forget yet. I am **Tutor** again. UNDO"),
        (ONE, False, NOTHING, None, "I forgot 1 answer and what led to it. UNDO"),
        (TWO, False, NOTHING, "Tutor", "I forgot 2 answers and what led to them. I am **Tutor** again. UNDO"),
        (NOTHING, True, NOTHING, None, "I stopped the answer that I was writing."),
        (NOTHING, False, ONE, None, "I dropped 1 question that waited."),
        (NOTHING, True, TWO, None, "I stopped the answer that I was writing. I dropped 2 questions that waited."),
        (NOTHING, False, ONE, "Tutor", "I dropped 1 question that waited. I am **Tutor** again. LOSS"),
        (
            ONE,
            True,
            NOTHING,
            None,
            "I forgot 1 answer and what led to it. I stopped the answer that I was writing. LOSS",
        ),
        (TWO, False, TWO, None, "I forgot 2 answers and what led to them. I dropped 2 questions that waited. LOSS"),
    ],
)
def test_a_reset_says_what_it_took(turns: int, stopped: bool, dropped: int, persona: str | None, text: str) -> None:
    text = text.replace("UNDO", "It can be undone for a day.")
    text = text.replace("LOSS", "It can be undone for a day, but what I had not answered has to be asked again.")
    said = told(turns, stopped=stopped, dropped=dropped, persona=persona)
    assert said == f"🧹 Grace reset this conversation. {text}"


def test_a_reset_says_so_in_korean() -> None:
    assert told(2, stopped=True, dropped=3, locale="ko") == (
        "🧹 Grace 님이 대화를 초기화했어요. 답변 2개와 그에 앞선 질문을 잊었어요. 쓰고 있던 답변은 중단했어요. "
        "기다리던 질문 3개는 취소했어요. 하루 안에 되돌릴 수 있지만, 답하지 못한 질문은 다시 물어봐 주셔야 해요."
    )


@pytest.mark.parametrize(
    ("undone", "persona", "text"),
    [
        (Undone(turns=1, persona_back=False), None, "I remember 1 answer again."),
        (Undone(turns=2, persona_back=True), "Tutor", "I remember 2 answers again. I am **Tutor** again."),
        (Undone(turns=0, persona_back=True), "Tutor", "I am **Tutor** again."),
        (Undone(turns=0, persona_back=False), None, ""),
        (Undone(turns=1, persona_back=False, lost=True), None, "I remember 1 answer again. LOSS"),
    ],
)
def test_an_undo_says_what_is_back(undone: Undone, persona: str | None, text: str) -> None:
    text = text.replace("LOSS", "What I had not answered has to be asked again.")
    assert undoing("Grace", undone, persona, words("en")) == f"↩️ Grace undid the reset. {text}".strip()
