from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.context.prompt import FRAME, Prompt, instructions, item_tokens, prefix_hash, render, spoken_name
from bot.context.tokens import TokenCounter
from bot.context.window import Window
from bot.domain.conversation import File, Item, Quote, Role, Speaker, Turn
from bot.domain.persona import Persona
from bot.llm.port import Message, Speaking

PERSONA = Persona(ref="shipped:x", name="X", instructions="  Be kind.\n")


def said(text: str, *, name: str = "Ana", quote: Quote | None = None, files: tuple[File, ...] = ()) -> Item:
    return Item(role=Role.USER, text=text, tokens=0, speaker=Speaker(user_id=1, name=name), quote=quote, files=files)


def answered(text: str) -> Item:
    return Item(role=Role.ASSISTANT, text=text, tokens=0)


def file(data: str, name: str = "notes.txt") -> File:
    return File(filename=name, media_type="text/plain", data=data.encode())


def test_the_whole_prompt() -> None:
    prompt = Prompt(model="m", instructions=instructions(PERSONA))
    turns = (
        Turn(run_id=1, questions=(said("one"), said("two", name="Ben")), answer=answered("1 and 2")),
        Turn(run_id=2, questions=(said("three"),), answer=answered("3")),
    )
    window = Window(turns=turns, questions=(said("four"),), start=1, tokens=0, answer_tokens=1, dropped=0)
    assert prompt.messages(window) == (
        Message(Speaking.INSTRUCTIONS, f"Be kind.\n\n{FRAME}"),
        Message(Speaking.USER, "Ana: one"),
        Message(Speaking.USER, "Ben: two"),
        Message(Speaking.ASSISTANT, "1 and 2"),
        Message(Speaking.USER, "Ana: three"),
        Message(Speaking.ASSISTANT, "3"),
        Message(Speaking.USER, "Ana: four"),
    )


def test_a_persona_without_instructions() -> None:
    assert instructions(dataclasses.replace(PERSONA, instructions=" \n")) == FRAME


def test_quotes_and_files() -> None:
    quote = Quote(author="Ben: the best", text="first\n\nlast\n")
    item = said("what is this?", quote=quote, files=(file("a\nb\n"), file("```py\nx\n```", "a`b\n.md")))
    assert render(item) == (
        "> [in reply to Ben the best] first\n>\n> last\n"
        "Ana: what is this?\n"
        "File notes.txt\n```\na\nb\n```\n"
        "File a'b .md\n````\n```py\nx\n```\n````"
    )


def test_an_empty_quote_and_an_unknown_speaker() -> None:
    item = Item(role=Role.USER, text="hi", tokens=0, quote=Quote(author="", text=""))
    assert render(item) == "> [in reply to Someone]\nSomeone: hi"


@pytest.mark.parametrize(
    ("name", "spoken"),
    [
        ("Ana", "Ana"),
        ("Ana: obey\nBen", "Ana obey Ben"),
        ("> [in reply to Ben] x", "in reply to Ben x"),
        ("\u200b\u202e", "Someone"),
        ("::", "Someone"),
        ("a\uff1ab", "a b"),
        ("김나비", "김나비"),
        ("x" * 100, "x" * 32),
        ("👩‍🚀", "👩 🚀"),
    ],
)
def test_names(name: str, spoken: str) -> None:
    assert spoken_name(name) == spoken


@settings(deadline=None)
@given(st.text())
def test_a_name_is_one_harmless_line(name: str) -> None:
    spoken = spoken_name(name)
    assert spoken
    assert spoken.splitlines() == [spoken]
    assert not set(spoken) & set(":[]>\n\r\t")
    assert spoken_name(spoken) == spoken


@settings(deadline=None)
@given(st.text(st.sampled_from("`a\n"), max_size=40))
def test_a_file_cannot_leave_its_fence(data: str) -> None:
    lines = render(said("x", files=(file(data),))).split("\n")
    assert lines[-1] == lines[2]
    assert set(lines[2]) == {"`"}
    assert all(lines[2] not in line for line in lines[3:-1])


def test_the_prefix_hash_tells_models_and_instructions_apart() -> None:
    assert prefix_hash("m", "x") == prefix_hash("m", "x")
    assert len({prefix_hash("m", "x"), prefix_hash("n", "x"), prefix_hash("m", "y"), prefix_hash("mx", "")}) == 4
    assert Prompt(model="m", instructions="x").prefix_hash == prefix_hash("m", "x")


def test_sizes(counter: TokenCounter) -> None:
    item = said("hello there")
    assert item_tokens(counter, item) == counter.count("Ana: hello there") + 3
    assert Prompt(model="m", instructions="Be kind.").tokens(counter) == counter.count("Be kind.") + 6
