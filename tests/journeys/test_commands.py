"""Slash commands, over the wire."""

from __future__ import annotations

import re

import pytest

from playground import permissions
from playground.entities import Channel, Overwrite
from playground.errors import Impossible
from playground.faults import CallFault, Chance
from playground.people import Person
from tests.journeys.conftest import Stage
from tests.journeys.test_conversation import contents

CALLBACK = "POST /interactions/{id}/*/callback"

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def private(person: Person, channel: Channel, command: str, **values: object) -> str:
    """What only the caller reads."""
    invocation = await person.command(channel, command, **values)
    message = await invocation.response()
    assert message.private and message.seen_by is person.user
    return message.content


async def test_a_persona_is_written_used_announced_and_sent_to_the_model(stage: Stage) -> None:
    room = stage.channel()
    form = await (await stage.grace.command(room, "persona create")).form()
    saved = await stage.grace.submit(
        form,
        {"Name": "Pirate", "Instructions": "Talk like a pirate.", "Greeting": "Ahoy!", "Parameters": "temperature=0.5"},
    )
    assert "**Pirate** is saved" in (await saved.response()).content
    await stage.ada.command(room, "persona use", name="Pirate")
    announced = await stage.read(room, "**Pirate**")
    assert not announced.private and "Ahoy!" in announced.content and "Ada" in announced.content
    await stage.asked(stage.ada, room, "Who are you?", "Arr.")
    call = stage.sent("Who are you?")
    assert contents(call)[0].startswith("Talk like a pirate.")
    assert call.parameters["temperature"] == 0.5
    assert "temperature" in (await private(stage.ada, room, "persona show")).lower()


async def test_a_persona_of_one_channel_is_not_anothers(stage: Stage) -> None:
    room = stage.channel()
    await (await stage.ada.command(room, "persona use", name="Tutor")).response()
    thread = await stage.ada.open_thread(room, "lesson")
    await stage.asked(stage.ada, thread, "Teach me in the thread", "Yes.")
    assert "patient tutor" in contents(stage.sent("Teach me in the thread"))[0]
    await stage.asked(stage.ada, stage.channel(), "Teach me elsewhere", "No.")
    assert "patient tutor" not in contents(stage.sent("Teach me elsewhere"))[0]


async def test_what_was_typed_survives_a_mistake(stage: Stage) -> None:
    room = stage.channel()
    form = await (await stage.grace.command(room, "persona create")).form()
    typed = {"Name": "Careful", "Instructions": "Be careful.", "Parameters": "warmth=9"}
    refused = await (await stage.grace.submit(form, typed)).response()
    assert refused.private and "warmth=9" in refused.content
    again = await (await stage.grace.click(refused, "Change it")).form()
    saved = await (await stage.grace.submit(again, {"Parameters": "top_p=0.9"})).response()
    assert "**Careful** is saved" in saved.content
    assert "Be careful." in await private(stage.grace, room, "persona show", name="Careful")


async def test_a_form_is_taken_though_discords_answer_to_its_opening_was_lost(stage: Stage) -> None:
    room = stage.channel()
    opening = CallFault(route=CALLBACK, contains="Instructions", drop=True, after=True, chance=Chance(times=1))
    stage.playground.faults.add(opening)
    form = await (await stage.grace.command(room, "persona create")).form()
    saved = await (await stage.grace.submit(form, {"Name": "Early", "Instructions": "Be early."})).response()
    assert "**Early** is saved" in saved.content


async def test_a_refusals_button_works_though_discords_answer_to_the_refusal_was_lost(stage: Stage) -> None:
    room = stage.channel()
    form = await (await stage.grace.command(room, "persona create")).form()
    refusal = CallFault(route=CALLBACK, contains="warmth", drop=True, after=True, chance=Chance(times=1))
    stage.playground.faults.add(refusal)
    typed = {"Name": "Warm", "Instructions": "Be warm.", "Parameters": "warmth=9"}
    refused = await (await stage.grace.submit(form, typed)).response()
    again = await (await stage.grace.click(refused, "Change it")).form()
    saved = await (await stage.grace.submit(again, {"Parameters": ""})).response()
    assert "**Warm** is saved" in saved.content


async def test_a_refusal_names_commands_that_can_be_clicked(stage: Stage) -> None:
    room = stage.channel()
    unknown = await private(stage.ada, room, "persona use", name="Plato")
    assert re.fullmatch(r"There is no persona “Plato”\. </persona list:\d+> shows those there are\.", unknown)
    in_korean = await private(stage.minjun, room, "persona use", name="`/reset`")
    assert re.fullmatch(r"“`/reset`” 페르소나는 없어요\. </persona list:\d+>으로 목록을 볼 수 있어요\.", in_korean)
    shipped = await private(stage.grace, room, "persona delete", name="Tutor")
    assert "can be neither changed nor deleted" in shipped and "</persona create:" in shipped


async def test_a_deleted_persona_comes_back(stage: Stage) -> None:
    room = stage.channel()
    form = await (await stage.grace.command(room, "persona create")).form()
    await (await stage.grace.submit(form, {"Name": "Fleeting", "Instructions": "Be brief."})).response()
    await (await stage.ada.command(room, "persona use", name="fleeting")).response()
    deleted = await (await stage.grace.command(room, "persona delete", name="Fleeting")).response()
    assert "Companion" in await private(stage.ada, room, "persona show")
    await (await stage.grace.click(deleted, "Undo")).answered()
    await stage.playground.wait_for(lambda: "is back in the library" in deleted.content)
    assert "Be brief." in await private(stage.ada, room, "persona show")


async def test_a_persona_comes_back_when_the_one_of_its_name_gives_way(stage: Stage) -> None:
    room = stage.channel()

    async def written(name: str) -> None:
        form = await (await stage.grace.command(room, "persona create")).form()
        await (await stage.grace.submit(form, {"Name": name, "Instructions": "Ask back."})).response()

    await written("Socrates")
    deleted = await (await stage.grace.command(room, "persona delete", name="Socrates")).response()
    await written("socrates")
    refused = await (await stage.grace.click(deleted, "Undo")).response()
    assert "Another persona is called “Socrates” now." in refused.content
    assert re.search("</persona edit:.+</persona delete:", refused.content) and deleted.components
    await (await stage.grace.command(room, "persona delete", name="socrates")).response()
    await (await stage.grace.click(deleted, "Undo")).answered()
    await stage.playground.wait_for(lambda: "is back in the library" in deleted.content)


async def test_who_saves_a_persona_is_told_whether_it_is_at_work_there(stage: Stage) -> None:
    room, elsewhere = stage.channel(), stage.channel()
    form = await (await stage.grace.command(room, "persona create")).form()
    saved = await (await stage.grace.submit(form, {"Name": "Uno", "Instructions": "Count."})).response()
    assert "</persona use:" in saved.content
    await (await stage.grace.command(room, "persona use", name="Uno")).response()
    for channel, at_work in ((room, True), (elsewhere, False)):
        form = await (await stage.grace.command(channel, "persona edit", name="Uno")).form()
        saved = await (await stage.grace.submit(form, {"Greeting": "One!"})).response()
        assert ("I use it here from the next message on." in saved.content) is at_work
        assert ("</persona use:" in saved.content) is not at_work


async def test_a_shipped_persona_is_found_by_its_name_in_either_language(stage: Stage) -> None:
    direct, room = stage.minjun.dm(), stage.channel()
    chosen = await (await stage.minjun.command(direct, "persona use", name="Tutor")).response()
    assert "**선생님**" in chosen.content
    assert "**Tutor**" in await private(stage.minjun, room, "persona use", name="선생님")
    offered = await stage.minjun.autocomplete(room, "persona use", "name", "선생")
    assert [choice["name"] for choice in offered] == ["Tutor"]


async def test_a_member_writes_no_persona(stage: Stage) -> None:
    room = stage.channel()
    assert "Manage Channels" in await private(stage.ada, room, "persona create")


async def test_a_channels_own_moderator_does_not_write_the_servers_library(stage: Stage) -> None:
    """Manage Channels in one channel opens that channel's settings, not what every channel shares."""
    here = permissions.MANAGE_CHANNELS
    room = stage.playground.add_channel(
        stage.guild, "own", overwrites=[Overwrite(id=stage.ada.id, for_member=True, allow=here)]
    )
    assert "Manage Channels" in await private(stage.ada, room, "persona create")
    assert "every message" in await private(stage.ada, room, "settings set", setting="reply_to", value="everything")


async def test_autocomplete_finds_personas_by_what_is_typed(stage: Stage) -> None:
    choices = await stage.ada.autocomplete(stage.channel(), "persona use", "name", "tu")
    assert [choice["name"] for choice in choices] == ["Tutor"]


async def test_a_moderator_resets_and_undoes(stage: Stage) -> None:
    room = stage.channel()
    await stage.asked(stage.ada, room, "The code is 4711.", "Noted.")
    reset = await (await stage.grace.command(room, "reset")).response()
    assert not reset.private and "Grace" in reset.content and "1 answer" in reset.content and reset.components
    await stage.asked(stage.ada, room, "What was the code?", "I do not know.")
    assert not any("4711" in said for said in contents(stage.sent("What was the code?")))
    await (await stage.grace.click(reset, "Undo")).answered()
    await stage.playground.wait_for(lambda: "undid the reset" in reset.content)
    assert "I remember 1 answer again" in reset.content and not reset.components
    await stage.asked(stage.ada, room, "And now the code?", "4711.")
    assert any("4711" in said for said in contents(stage.sent("And now the code?")))


async def test_a_reset_of_nothing_says_so_and_offers_no_way_back(stage: Stage) -> None:
    reset = await (await stage.grace.command(stage.channel(), "reset")).response()
    assert reset.content.endswith("There was nothing to forget yet.") and not reset.components


async def test_a_reset_is_undone_once(stage: Stage) -> None:
    room = stage.channel()
    await stage.asked(stage.ada, room, "Remember the heron.", "I do.")
    reset = await (await stage.grace.command(room, "reset")).response()
    clicks = [await stage.grace.click(reset, "Undo") for _ in range(2)]
    for click in clicks:
        await click.answered()
    told = [message.content for message in stage.grace.messages(room) if message.private]
    assert told == ["This reset can no longer be undone."] and "undid the reset" in reset.content


async def test_a_reset_takes_the_persona_back_and_its_undo_returns_it(stage: Stage) -> None:
    room = stage.channel()
    await (await stage.ada.command(room, "persona use", name="Tutor")).response()
    reset = await (await stage.grace.command(room, "reset")).response()
    assert "I am **Companion** again" in reset.content
    await stage.asked(stage.ada, room, "Who speaks after the reset?", "I do.")
    assert "patient tutor" not in contents(stage.sent("Who speaks after the reset?"))[0]
    await (await stage.grace.click(reset, "Undo")).answered()
    await stage.playground.wait_for(lambda: "I am **Tutor** again" in reset.content)
    await stage.asked(stage.ada, room, "Who speaks after the undo?", "The tutor.")
    assert "patient tutor" in contents(stage.sent("Who speaks after the undo?"))[0]


async def test_a_reset_is_refused_to_a_member(stage: Stage) -> None:
    room = stage.channel()
    with pytest.raises(Impossible):
        await stage.ada.command(room, "reset")
    stage.playground.world.commands.permit(stage.guild, "reset", stage.ada.id, allowed=True)
    assert "Manage Messages" in await private(stage.ada, room, "reset")


async def test_a_reset_stops_the_answer_that_is_being_written(stage: Stage) -> None:
    room = stage.channel()
    stage.answers["Recite it all"] = " ".join(f"verse{number}" for number in range(3_000))
    await stage.ada.say(room, f"{stage.bot} Recite it all")
    answer = await stage.read(room, "verse0")
    waiting = await stage.minjun.say(room, f"{stage.bot} and the rest of it")
    await stage.playground.wait_for(lambda: waiting.reactions)
    reset = await (await stage.grace.command(room, "reset")).response()
    stopped = "I stopped the answer that I was writing. I dropped 1 question that waited."
    assert stopped in reset.content and not reset.components
    await stage.playground.wait_for(lambda: any("Stopped" in message.content for message in room.messages))
    await stage.playground.wait_for(lambda: not waiting.reactions)
    await stage.asked(stage.ada, room, "What now?", "A new start.")
    assert not any("verse" in said or "Recite" in said for said in contents(stage.sent("What now?")))
    assert "verse0" in answer.content
    assert not any("the rest of it" in str(call.messages[-1]["content"]) for call in stage.model.streams)


async def test_a_reset_says_what_it_stopped_and_what_it_dropped(stage: Stage) -> None:
    room = stage.channel()
    await stage.asked(stage.ada, room, "What is dropped later?", "Not this.")
    stage.answers["Recite slowly"] = " ".join(f"line{number}" for number in range(3_000))
    await stage.ada.say(room, f"{stage.bot} Recite slowly")
    await stage.read(room, "line0")
    waiting = await stage.minjun.say(room, f"{stage.bot} And me?")
    await stage.playground.wait_for(lambda: waiting.reactions)
    asked = await stage.ada.command(room, "ask", prompt="And I once more?")
    promise = (await asked.answered()).original
    assert promise is not None and promise.loading
    await stage.playground.wait_for(lambda: stage.runs(room) == 4)
    reset = await (await stage.grace.command(room, "reset")).response()
    assert "I forgot 1 answer" in reset.content
    assert "I stopped the answer" in reset.content and "I dropped 2 questions" in reset.content
    await stage.playground.wait_for(lambda: not waiting.reactions and promise.deleted_at is not None)
    await (await stage.grace.click(reset, "Undo")).answered()
    await stage.playground.wait_for(lambda: "has to be asked again" in reset.content and "undid" in reset.content)


async def test_ask_is_public_and_part_of_the_conversation(stage: Stage) -> None:
    room = stage.channel()
    stage.will_answer("How tall is Hallasan?", "1,947 metres.")
    invocation = await stage.ada.command(room, "ask", prompt="How tall is Hallasan?")
    answer = await invocation.response()
    await stage.playground.wait_for(lambda: answer.content == "> How tall is Hallasan?\n1,947 metres.")
    assert not answer.private
    await stage.asked(stage.minjun, room, "In feet?", "6,388.")
    assert contents(stage.sent("In feet?"))[-3:-1] == ["Ada: How tall is Hallasan?", "1,947 metres."]


async def test_a_private_question_is_seen_by_its_asker_and_remembered_by_nobody(stage: Stage) -> None:
    room = stage.channel()
    await stage.asked(stage.ada, room, "We speak of boats.", "Boats it is.")
    stage.will_answer("my shoe size", "43.")
    answer = await (await stage.ada.command(room, "ask", prompt="Remember my shoe size 43", private=True)).response()
    await stage.playground.wait_for(lambda: "43." in answer.content)
    assert answer.private and answer.seen_by is stage.ada.user
    assert not any("boats" in said for said in contents(stage.sent("my shoe size")))
    await stage.asked(stage.ada, room, "What else did we say?", "Only boats.")
    assert not any("shoe" in said for said in contents(stage.sent("What else did we say?")))


async def test_a_question_of_spaces_is_refused_to_its_asker_alone(stage: Stage) -> None:
    room, ada = stage.channel(), stage.ada
    told = "Your question is empty. Please write one."
    for private_too in (False, True):
        await ada.command(room, "ask", prompt="   ", private=private_too)
    await stage.playground.wait_for(lambda: [each.content for each in ada.messages(room)] == [told, told])
    assert stage.grace.messages(room) == [] and stage.runs(room) == 0
    stage.will_answer("a file alone", "It is a note.")
    await stage.ada.command(room, "ask", prompt=" ", file=("note.txt", b"a file alone"))
    await stage.read(room, "It is a note.")


async def test_a_file_that_is_no_text_is_refused_to_its_asker_alone(stage: Stage) -> None:
    room = stage.channel()
    await stage.ada.command(room, "ask", prompt="What is this?", file=("cat.png", b"\x89PNG\0"))
    await stage.playground.wait_for(lambda: any("cat.png" in seen.content for seen in stage.ada.messages(room)))
    assert stage.grace.messages(room) == []


async def test_private_questions_have_a_bound_of_their_own(stage: Stage) -> None:
    room = stage.channel()
    stage.answers["private and slow"] = " ".join(f"drop{number}" for number in range(100))
    with stage.slowly(tokens_a_second=4):
        for number in range(3):
            await stage.minjun.command(room, "ask", prompt=f"private and slow {number}", private=True)
        seen = stage.minjun.messages
        await stage.playground.wait_for(lambda: sum("drop0" in message.content for message in seen(room)) == 3)
        await stage.minjun.command(room, "ask", prompt="private and slow, a fourth", private=True)
        await stage.playground.wait_for(lambda: any("질문 3개" in message.content for message in seen(room)))
        await stage.asked(stage.ada, room, "Is the channel's queue free?", "Yes, it is.")


async def test_a_deleted_channel_is_forgotten(stage: Stage) -> None:
    room = stage.channel()
    await stage.asked(stage.ada, room, "Remember the lighthouse.", "I do.")
    await (await stage.ada.command(room, "persona use", name="Tutor")).response()
    thread = await stage.ada.open_thread(room, "a thread")
    await stage.asked(stage.ada, thread, "And the harbour.", "That too.")
    assert stage.runs(room) == stage.runs(thread) == 1
    stage.playground.world.remove_channel(thread)
    await stage.asked(stage.ada, stage.channel(), "Is the thread gone?", "It is.")
    assert (stage.runs(room), stage.runs(thread)) == (1, 0)
    stage.playground.world.remove_channel(room)
    # The bot's writes are made one after the other: what comes later is answered when the channel is forgotten.
    await stage.asked(stage.ada, stage.channel(), "Are you still there?", "I am.")
    assert stage.runs(room) == 0


async def test_a_channel_set_to_everything_is_answered_without_mention(stage: Stage) -> None:
    room = stage.channel()
    assert "Manage Channels" in await private(stage.ada, room, "settings set", setting="reply_to", value="everything")
    done = await private(stage.grace, room, "settings set", setting="reply_to", value="everything")
    assert "every message" in done
    stage.will_answer("no mention at all", "Heard.")
    await stage.ada.say(room, "no mention at all")
    await stage.read(room, "Heard.")


async def test_a_value_that_does_not_fit_changes_nothing(stage: Stage) -> None:
    room = stage.channel()
    refused = await private(stage.grace, room, "settings set", setting="window_tokens", value="lots")
    assert "“lots” is not a whole number from 1,000 to 16,000" in refused
    shown = await private(stage.grace, room, "settings set", setting="window_tokens")
    assert shown.endswith(": 16,000 (default)"), "the operator has set none"


async def test_a_value_that_is_typed_whole_is_suggested_before_any_other(stage: Stage) -> None:
    """Discord's client takes the first suggestion when Enter is pressed."""

    async def suggested(command: str, setting: str, typed: str) -> list[str]:
        choices = await stage.grace.autocomplete(stage.channel(), command, "value", typed, setting=setting)
        return [choice["value"] for choice in choices]

    assert await suggested("settings set", "answer_tokens", "700") == ["700"]
    assert await suggested("settings set", "answer_tokens", " 1,000 ") == ["1000"]
    assert await suggested("settings set", "answer_messages", "2") == ["2", "20"]
    assert await suggested("settings set", "answer_tokens", "d") == ["default"]
    assert await suggested("settings set", "answer_tokens", "") == ["64", "500", "1000", "2000", "4000", "default"]
    for command in ("settings set", "preferences"):
        assert await suggested(command, "notice", "off") == ["off"]
        assert await suggested(command, "notice", "O") == ["off", "on"]
        assert await suggested(command, "language", "English") == await suggested(command, "language", "영어") == ["en"]


async def test_a_value_is_taken_as_the_bot_calls_it(stage: Stage) -> None:
    """Discord sends what was typed as it is where no suggestion was chosen."""
    room = stage.channel()
    for typed in ("when they are finished", "Finished", " WHEN they  are finished ", "다 쓴 뒤 한 번에"):
        done = await private(stage.grace, room, "settings set", setting="updates", value=typed)
        assert "when they are finished" in done
    assert "default" in await private(stage.grace, room, "settings set", setting="updates", value=" Default ")
    for setting, typed in (("updates", "다 쓴 뒤 한 번에"), ("notice", "켬"), ("notice", "ON"), ("language", "한국어")):
        assert typed.casefold() not in await private(stage.minjun, room, "preferences", setting=setting, value="기본값")
        done = await private(stage.minjun, room, "preferences", setting=setting, value=typed)
        assert {"ON": "켬"}.get(typed, typed) in done and "없어요" not in done
        await private(stage.minjun, room, "preferences", setting=setting, value="default")


async def test_a_change_tells_where_it_holds(stage: Stage) -> None:
    room = stage.channel()

    async def changed(setting: str, value: str, **scope: str) -> str:
        return await private(stage.grace, room, "settings set", setting=setting, value=value, **scope)

    assert await changed("language", "auto") == "**My language** is now **as in Discord** in this server."
    assert (await changed("language", "default")).endswith("back to its default in this server: **as in Discord**.")
    assert (await changed("link_previews", "off")).endswith("is now **off** in this channel.")
    assert (await changed("link_previews", "on", scope="guild")).endswith("Here the channel's value holds: **off**.")
    assert (await changed("link_previews", "default")).endswith("Here the server's value holds now: **on**.")
    assert (await changed("link_previews", "default", scope="guild")).endswith("in this server: **off**.")


async def test_a_changed_language_is_confirmed_in_it(stage: Stage) -> None:
    room = stage.channel()
    try:
        for value, begins in (("ko", "이 서버에서 **제 언어**"), ("default", "**My language**")):
            told = await private(stage.grace, room, "settings set", setting="language", value=value)
            assert told.startswith(begins), told
    finally:
        await private(stage.grace, room, "settings set", setting="language", value="default")


async def test_a_value_without_its_setting_is_not_passed_over(stage: Stage) -> None:
    room = stage.channel()
    told = await private(stage.ada, room, "preferences", value="on")
    assert told == "Which setting is “on” for? Choose it too."
    assert "켬" in await private(stage.minjun, room, "preferences", value="켬")


async def test_a_value_that_is_none_is_replaced_by_no_other(stage: Stage) -> None:
    for command, setting, typed in (
        ("settings set", "notice", "yes"),
        ("preferences", "notice", "yes"),
        ("settings set", "answer_tokens", "99999"),
        ("settings set", "answer_messages", "2.5"),
    ):
        assert await stage.grace.autocomplete(stage.channel(), command, "value", typed, setting=setting) == []


async def test_help_names_the_persona_and_the_ways_to_talk(stage: Stage) -> None:
    text = await private(stage.ada, stage.channel(), "help")
    assert "Companion" in text and "Mention me" in text and "</persona use:" in text


async def test_help_tells_who_may_use_a_command_where_not_everybody_may(stage: Stage) -> None:
    text = await private(stage.ada, stage.channel(), "help")
    assert text.count("(Manage Channels)") == 4 and text.count("(Manage Messages)") == 1
    assert "</persona edit:" in text and "</persona delete:" in text
    direct = await private(stage.ada, stage.ada.dm(), "help")
    assert not any(word in direct for word in ("(Manage", "channel", "mention")), direct


async def test_a_direct_message_has_no_setting_without_effect(stage: Stage) -> None:
    room = stage.ada.dm()
    for value in ({}, {"value": "mentions"}):
        assert "on a server only" in await private(stage.ada, room, "settings set", setting="reply_to", **value)
    for value in ({}, {"value": "ko"}):
        own = await private(stage.ada, room, "settings set", setting="language", **value)
        assert re.search("on a server only.+</preferences:", own)
    typed = {"setting": "reply_to"}
    assert await stage.ada.autocomplete(room, "settings set", "value", "", **typed) == []
    assert await stage.ada.autocomplete(stage.channel(), "settings set", "value", "", **typed) != []
    assert "4,000" in await private(stage.ada, room, "settings set", setting="answer_tokens")


async def test_a_korean_member_is_spoken_to_in_korean(stage: Stage) -> None:
    room = stage.channel()
    assert "안녕" in await private(stage.minjun, room, "help") or "멘션" in await private(stage.minjun, room, "help")
    refused = await private(stage.minjun, room, "persona create")
    assert "권한" in refused


async def test_commands_are_registered_with_korean_names(stage: Stage) -> None:
    registered = {command["name"]: command for command in stage.playground.world.commands.registered(None)}
    assert set(registered) == {"ask", "persona", "reset", "settings", "preferences", "help"}
    for command in registered.values():
        assert command["description_localizations"]["ko"] != command["description"]
    persona = registered["persona"]
    assert {option["name_localizations"]["ko"] for option in persona["options"]} >= {"보기", "목록", "선택"}


async def test_a_chosen_language_holds_for_oneself(stage: Stage) -> None:
    room = stage.channel()
    person = stage.playground.add_person("Lena", locale="de")
    stage.playground.join(person, stage.guild)
    assert "Mention me" in await private(person, room, "help")
    await private(person, room, "preferences", setting="language", value="ko")
    assert "멘션" in await private(person, room, "help")
    assert "페르소나" in await private(person, room, "persona use", name="Nobody at all")


async def test_an_answer_longer_than_the_channel_wants_ends_in_a_file(stage: Stage) -> None:
    room = stage.channel()
    assert "1" in await private(stage.grace, room, "settings set", setting="answer_messages", value="1")
    table = "| Nr | 이름 |\n|--:|---|\n" + "".join(f"| {number} | 사람 {number} |\n" for number in range(300))
    stage.will_answer("List them all", f"#### All\n\n{table}")
    await stage.ada.say(room, f"{stage.bot} List them all")
    notice = await stage.read(room, "goes on in the file")
    page = next(message for message in room.messages if message.author.bot)
    assert page.content.startswith("**All**\n\n```\n Nr | 이름\n") and page.content.endswith("```")
    assert [(file.filename, file.content.decode()) for file in notice.attachments] == [
        ("answer.md", f"#### All\n\n{table}")
    ]


@pytest.mark.parametrize("way", ["mention", "ask"])
async def test_links_have_previews_where_that_is_set(stage: Stage, way: str) -> None:
    answers = []
    for value in ("off", "on"):
        room = stage.channel()
        await private(stage.grace, room, "settings set", setting="link_previews", value=value)
        stage.will_answer("Where is it?", "At https://example.com/seoul, I think.")
        if way == "ask":
            await stage.ada.command(room, "ask", prompt="Where is it?")
        else:
            await stage.ada.say(room, f"{stage.bot} Where is it?")
        answers.append(await stage.read(room, "I think."))
    without, previewed = answers
    await stage.playground.wait_for(lambda: previewed.previews)
    assert not without.previews
