"""What people say to the bot and what comes back, over the wire."""

from __future__ import annotations

import pytest

from bot.delivery.fences import units
from bot.domain.conversation import MAX_WAITING
from tests.journeys.conftest import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


def contents(call: object) -> list[str]:
    return [str(message["content"]) for message in call.messages]  # type: ignore[attr-defined]


async def test_a_mention_is_answered_below_the_question(stage: Stage) -> None:
    room = stage.channel()
    answer = await stage.asked(stage.ada, room, "What is the capital of France?", "Paris.")
    assert answer.content == "Paris."
    assert answer.reference is not None and answer.reference.message_id == room.messages[0].id
    assert contents(stage.sent("capital of France"))[-1] == "Ada: What is the capital of France?"


async def test_what_was_said_is_remembered(stage: Stage) -> None:
    room = stage.channel()
    await stage.asked(stage.ada, room, "My cat is called Mimi.", "Noted.")
    await stage.asked(stage.minjun, room, "고양이 이름이 뭐였지?", "Mimi 입니다.")
    said = contents(stage.sent("고양이 이름이"))
    assert said[-3:] == ["Ada: My cat is called Mimi.", "Noted.", "민준: 고양이 이름이 뭐였지?"]


async def test_channels_do_not_mix(stage: Stage) -> None:
    await stage.asked(stage.ada, stage.channel(), "The secret word is heron.", "Kept.")
    await stage.asked(stage.ada, stage.channel(), "Which secret word did I say?", "None here.")
    assert not any("heron" in said for said in contents(stage.sent("Which secret word")))


async def test_a_reply_to_the_bot_needs_no_mention_and_carries_what_it_answers(stage: Stage) -> None:
    room = stage.channel()
    first = await stage.asked(stage.ada, room, "Name a bird.", "The wren.")
    stage.will_answer("And a larger one?", "The heron.")
    await stage.minjun.say(room, "And a larger one?", reply_to=first, ping=False)
    await stage.read(room, "The heron.")
    assert (
        contents(stage.sent("And a larger one?"))[-1] == "> [in reply to causerie] The wren.\n민준: And a larger one?"
    )


async def test_others_words_are_neither_answered_nor_stored(stage: Stage) -> None:
    room = stage.channel()
    await stage.ada.say(room, "Nobody asked the bot this.")
    await stage.ada.say(room, "@everyone nor this")
    await stage.asked(stage.ada, room, "Are you there?", "Yes.")
    assert len([message for message in room.messages if message.author.bot]) == 1
    assert not any("Nobody asked" in said or "nor this" in said for said in contents(stage.sent("Are you there?")))


async def test_a_direct_message_is_always_answered(stage: Stage) -> None:
    dm = stage.ada.dm()
    stage.will_answer("just between us", "As you wish.")
    await stage.ada.say(dm, "just between us")
    assert (await stage.read(dm, "As you wish.")).channel is dm


async def test_a_thread_starts_from_its_message(stage: Stage) -> None:
    room = stage.channel()
    topic = await stage.ada.say(room, "The tomatoes have brown spots.")
    thread = await stage.ada.open_thread(room, "tomatoes", topic)
    await stage.asked(stage.minjun, thread, "What can it be?", "Blight.")
    said = contents(stage.sent("What can it be?"))
    assert said[-1] == "> [in reply to Ada] The tomatoes have brown spots.\n민준: What can it be?"
    await stage.asked(stage.minjun, thread, "And what helps?", "Air.")
    assert contents(stage.sent("And what helps?"))[-3:] == [said[-1], "Blight.", "민준: And what helps?"]


async def test_a_text_file_is_part_of_the_message(stage: Stage) -> None:
    room = stage.channel()
    stage.will_answer("summarise", "Short.")
    await stage.ada.say(room, f"{stage.bot} summarise", files=[("여름 계획.txt", "여름 메모".encode())])
    await stage.read(room, "Short.")
    assert "여름 메모" in contents(stage.sent("summarise"))[-1]
    assert "여름 계획.txt" in contents(stage.sent("summarise"))[-1]


async def test_a_file_that_is_no_text_gets_a_sentence_and_the_question_its_answer(stage: Stage) -> None:
    room = stage.channel()
    stage.will_answer("what is this picture", "I cannot see it.")
    await stage.ada.say(room, f"{stage.bot} what is this picture", files=[("cat.png", b"\x89PNG\0")])
    await stage.read(room, "`cat.png`")
    await stage.read(room, "I cannot see it.")


async def test_a_long_paste_becomes_a_file_and_is_read(stage: Stage) -> None:
    dm = stage.minjun.dm()
    stage.will_answer("line 499", "Long.")
    await stage.minjun.say(dm, "\n".join(f"line {number}" for number in range(500)))
    await stage.read(dm, "Long.")


async def test_a_bare_mention_gets_a_hint(stage: Stage) -> None:
    room = stage.channel()
    await stage.ada.say(room, stage.bot)
    await stage.read(room, "/help")


async def test_the_model_pings_nobody(stage: Stage) -> None:
    room = stage.channel()
    text = f"Hello @everyone, {stage.grace.mention} and @here!"
    answer = await stage.asked(stage.ada, room, "Greet them all", text)
    assert answer.content == text
    assert not answer.mentions.users and not answer.mentions.everyone


async def test_twelve_thousand_characters_arrive_whole_with_their_code(stage: Stage) -> None:
    """Paragraphs of Korean and English around code blocks longer than a message."""
    blocks = []
    for number in range(7):
        blocks.append(f"단락 {number}: " + "문장이 이어집니다. A sentence follows. " * 12)
        code = "\n".join(f"value_{number}_{line} = {line}  # 주석" for line in range(70))
        blocks.append(f"```python\n{code}\n```")
    text = "\n\n".join(blocks) + "\n\nThe end of it."
    assert len(text) >= 12_000, len(text)
    room = stage.channel()
    stage.will_answer("Write something long", text)
    await stage.ada.say(room, f"{stage.bot} Write something long")
    await stage.read(room, "The end of it.", seconds=40)
    await stage.playground.wait_for(lambda: room.messages[-1].content.endswith("The end of it."))
    pages = [message.content for message in room.messages if message.author.bot]
    assert all(units(page) <= 2_000 for page in pages)
    assert all(page.count("```") % 2 == 0 for page in pages)
    lines = [line.rstrip() for page in pages for line in page.splitlines() if line.strip() and "```" not in line]
    assert lines == [line.rstrip() for line in text.splitlines() if line.strip() and not line.startswith("```")]


async def test_who_must_wait_sees_it_and_nothing_is_lost(stage: Stage) -> None:
    """One answer runs, ten wait, one more is declined; two in a row of one person become one turn."""
    room = stage.channel()
    stage.answers["Tell me everything"] = " ".join(f"word{number}" for number in range(200))
    people = [stage.playground.add_person(f"P{number}") for number in range(MAX_WAITING + 1)]
    for person in people:
        stage.playground.join(person, stage.guild)
    with stage.slowly(tokens_a_second=6):
        await stage.ada.say(room, f"{stage.bot} Tell me everything")
        await stage.read(room, "word0")
        asked = [await person.say(room, f"{stage.bot} question of {person.name}!") for person in people]
        second = await people[MAX_WAITING - 1].say(room, f"{stage.bot} and one thing more")
        waiting = (*asked[:MAX_WAITING], second)
        await stage.playground.wait_for(lambda: all(message.reactions for message in waiting), timeout=25)
        await stage.read(room, "10 questions are waiting here already")
    assert not asked[-1].reactions
    await stage.playground.wait_for(lambda: not any(message.reactions for message in asked), timeout=50)
    await stage.read(room, f"You said: P{MAX_WAITING - 1}: and one thing more")
    assert not stage.playground.limits.counters.refused
    last = stage.sent("and one thing more")
    assert contents(last)[-2:] == [
        f"P{MAX_WAITING - 1}: question of P{MAX_WAITING - 1}!",
        f"P{MAX_WAITING - 1}: and one thing more",
    ]
