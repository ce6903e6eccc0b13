"""What goes on to the demo's small model of what the bot wrote for large ones."""

from __future__ import annotations

from typing import Any

import pytest

from bot.channels.shipped import shipped
from bot.context.prompt import instructions, render
from bot.domain.conversation import File, Item, Quote, Role, Speaker
from bot.words import words as catalogue
from playground.models.small import ASSISTANT, NOTICES, SAMPLING, adapted

COMPANION, TUTOR, _ = shipped(catalogue("en"))


def made(*turns: tuple[str, str], system: str = "Be brief.", **more: Any) -> dict[str, Any] | str:
    messages = [{"role": "system", "content": system}, *({"role": role, "content": text} for role, text in turns)]
    return adapted({"model": "small", "messages": messages, **more})


def sent(*turns: tuple[str, str], system: str = "Be brief.", **more: Any) -> dict[str, Any]:
    body = made(*turns, system=system, **more)
    assert isinstance(body, dict)
    return body


def words(name: str, text: str, quote: Quote | None = None, files: tuple[File, ...] = ()) -> str:
    speaker = Speaker(user_id=1, name=name)
    return render(Item(role=Role.USER, text=text, speaker=speaker, quote=quote, files=files, tokens=0))


def test_of_the_instructions_the_first_sentence_is_left() -> None:
    said = sent(("user", "Ada: hi"), system=instructions(TUTOR))["messages"][0]
    assert said == {"role": "system", "content": f"You are a patient tutor. {ASSISTANT}"}


def test_the_usual_persona_is_the_model_itself() -> None:
    said = sent(("user", "Ada: hi"), system=instructions(COMPANION))["messages"][0]
    assert said == {"role": "system", "content": ASSISTANT}


@pytest.mark.parametrize("system", ["", "당신은 참을성 있는 선생님입니다. 짧게 답하세요."])
def test_instructions_that_it_cannot_read_are_left_out(system: str) -> None:
    assert sent(("user", "Ada: hi"), system=system)["messages"][0]["content"] == ASSISTANT


@pytest.mark.parametrize(
    ("given", "left"),
    [
        (words("Ada", "hello: you"), "hello: you"),
        (words("민준", "hello"), "hello"),
        (words("Ada", "and of Italy?", Quote(author="Causerie", text="Paris: a city.\nIndeed.")), "and of Italy?"),
        (words("Ada", "> quoted by hand\nyes"), "> quoted by hand\nyes"),
        (
            words("Ada", "read", files=(File(filename="a.txt", media_type="text/plain", data=b"x: 1"),)),
            "read\nFile a.txt\n```\nx: 1\n```",
        ),
    ],
)
def test_of_a_turn_the_words_alone_are_left(given: str, left: str) -> None:
    assert sent(("user", given))["messages"][1] == {"role": "user", "content": left}


def test_its_own_answers_stay() -> None:
    turns = sent(("user", "Ada: hi"), ("assistant", "Note: hi"), ("user", "Ada: yes"))["messages"]
    assert [turn["content"] for turn in turns[1:]] == ["hi", "Note: hi", "yes"]


def test_what_the_bot_asks_for_comes_before_the_usual_sampling() -> None:
    body = sent(("user", "Ada: hi"), temperature=1.5, stream=True)
    assert (body["temperature"], body["stream"], body["model"]) == (1.5, True, "small")
    assert body["dry_multiplier"] == SAMPLING["dry_multiplier"]


@pytest.mark.parametrize(
    ("question", "notice"),
    [
        ("안녕하세요! 오늘 뭐 먹을까요? ok", NOTICES["HANGUL"]),
        ("Привет, как дела?", NOTICES[""]),
        ("What does 안녕 mean?", None),
        ("2 + 2 = ?", None),
        ("", None),
    ],
)
def test_a_question_in_another_script_is_answered_by_a_notice(question: str, notice: str | None) -> None:
    answer = made(("user", f"민준: {question}"))
    assert (answer if isinstance(answer, str) else None) == notice


@pytest.mark.parametrize(
    "unread",
    [
        [("user", "민준: 오늘 뭐 먹을까요?"), ("assistant", NOTICES["HANGUL"])],
        [("user", "Ада: Привет, как дела?"), ("assistant", NOTICES[""])],
        [("user", "민준: 안녕"), ("user", words("민준", "네, 맞아요", Quote(author="Causerie", text="Hello there.")))],
        [("assistant", "*만둡 이리* 이리 이릴마")],
    ],
)
def test_earlier_turns_that_it_cannot_read_and_their_notices_are_left_out(unread: list[tuple[str, str]]) -> None:
    before, after = [("user", "Ada: hi"), ("assistant", "Hello!")], [("user", "Ada: What does 안녕 mean?")]
    turns = sent(*before, *unread, *after)["messages"][1:]
    assert [turn["content"] for turn in turns] == ["hi", "Hello!", "What does 안녕 mean?"]
