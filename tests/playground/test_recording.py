"""Sessions written down, played again and told, over the real wire."""

from __future__ import annotations

import asyncio
import gc
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from playground import memory
from playground.__main__ import main
from playground.entities import Attachment, Channel, Json
from playground.people import Person
from playground.recording.files import Content, Pen, Session, content, kept, read, written
from playground.recording.keeping import KEPT_EDITS, Lines
from playground.recording.names import Names, told
from playground.recording.replay import Replay
from playground.recording.transcript import markdown
from playground.server import Playground, default_world
from tests.playground.bot import Parrot
from tests.playground.client import Client
from tests.playground.conftest import Start, at, starting

ROOT = Path(__file__).parents[2]
ID = 1234567890123456789
PRESS = {"type": 2, "style": 1, "label": "Press", "custom_id": "x0"}


def lines(playground: Playground, event: str) -> list[Json]:
    return [line for line in playground.recording.lines if line["event"] == event]


async def a_session(playground: Playground, general: Channel, ada: Person) -> None:
    """Something of everything that people do."""
    hello = await ada.say(general, f"echo hello {ada.mention} <@u1>", files=[("why.txt", b"why?")])
    answer = await playground.next_message(general, hello)
    await ada.edit(hello, "echo goodbye")
    await ada.react(answer, "🎉")
    await ada.unreact(answer, "🎉")
    await ada.type(general)
    await ada.say(general, "thanks", reply_to=answer)
    await ada.delete(hello)
    asked = await ada.say(general, "!thread")
    thread = await playground.wait_for(lambda: asked.thread)
    await playground.next_message(thread, asked)
    await ada.say(thread, "echo inside")
    await playground.wait_for(
        lambda: [each for each in thread.messages if each.content == "inside" and each.author.bot]
    )
    own = await ada.open_thread(general, "mine")
    await ada.say(own, "echo there")
    await playground.next_message(own)
    assert general.guild is not None
    forum = playground.add_channel(general.guild, "beds", "forum")
    post = await ada.post(forum, "Roses", "echo why so red?", files=[("rose.txt", b"red")])
    await playground.next_message(post)
    await ada.say(post, "thank you")
    await ada.autocomplete(general, "parrot", "word", "cr", times=2)
    used = await ada.command(general, "parrot", word=ada.mention, to=ada, paper=("p.txt", b"paper"), tone="Loud")
    await used.response()
    quoted = await ada.menu(answer, "Quote")
    await quoted.response()
    perching = await ada.say(general, "!perch")
    perch = await playground.next_message(general, perching)
    form = await (await ada.click(perch, "Name")).form()
    await (await ada.submit(form, {"Name": "Polly"})).response()
    await (await ada.click(perch, "fruit", "Apple")).response()
    await playground.wait_for(lambda: perch.content == "ate a")
    await (await ada.click(perch, "Feed")).response()
    dm = ada.dm()
    await ada.say(dm, "echo alone")
    await playground.next_message(dm)


async def again(session: Session, monkeypatch: pytest.MonkeyPatch) -> tuple[Playground, str]:
    """The world of a replay before another Parrot, and the report."""
    async with Playground() as fresh:
        replay = Replay(session, fresh, speed=1000, patience=3)
        async with starting(fresh, monkeypatch)():
            report = await replay.run()
            edits = sum(line["event"] == "edited" for line in session.lines)
            await fresh.wait_for(lambda: len(lines(fresh, "edited")) >= edits)
    return fresh, str(report)


async def recorded(playground: Playground, directory: Path) -> Session:
    path = directory / "session.jsonl"
    pen = Pen(path)
    playground.recording.follow(pen.put)
    await pen.close()
    return read(path)


async def test_a_session_is_played_again_in_another_world(
    playground: Playground,
    general: Channel,
    ada: Person,
    parrot: Parrot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await playground.registered("parrot")
    await a_session(playground, general, ada)
    fresh, report = await again(await recorded(playground, tmp_path), monkeypatch)
    assert report == "10 messages of the bot, 10 recorded: as recorded"
    then, now = (deeds(each) for each in (playground, fresh))
    assert now == then
    guild = next(iter(fresh.world.guilds.values()))
    texts = [message.content for channel in guild.channels.values() for message in channel.messages]
    again_ada = next(user for user in fresh.world.users.values() if user.name == "Ada")
    assert f"hello <@{again_ada.id}> <@u1>" in texts
    assert f"<@{again_ada.id}> Ada paper loud" in texts


def deeds(playground: Playground) -> list[str]:
    """What was done, sorted, without what may differ: times, and names, which are given in order of appearance."""
    differing = ("at", "message", "messages", "interaction", "channel", "to", "answers", "form", "target", "on")
    done = [json.loads(row) for row in playground.recording.text.splitlines()[1:]]
    plain = [{key: value for key, value in line.items() if key not in differing} for line in done if "by" in line]
    return sorted(json.dumps(line, ensure_ascii=False) for line in plain)


async def test_what_the_bot_does_otherwise_is_reported(
    playground: Playground, general: Channel, ada: Person, parrot: Parrot, tmp_path: Path, start: Start,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    await playground.registered("parrot")
    asked = await ada.say(general, "echo one")
    await playground.next_message(general, asked)
    await (await ada.command(general, "parrot", word="two")).response()
    session = await recorded(playground, tmp_path)
    changed = json.loads(json.dumps(session.lines).replace("echo one", "silence").replace('"parrot"', '"pirate"'))
    async with Playground() as fresh:
        replay = Replay(Session(header=session.header, lines=tuple(changed)), fresh, speed=1000, patience=0.05)
        async with starting(fresh, monkeypatch)():
            report = await replay.run()
    assert (report.recorded, report.seen) == (2, 0)
    pirate, channel = report.differences
    assert "Ada could not do what is recorded (command pirate): the command pirate did not come" in pirate
    assert channel == "#general: messages: 0 of Causerie instead of 2"


async def test_a_command_that_is_answered_otherwise_is_reported(
    playground: Playground, general: Channel, ada: Person, parrot: Parrot, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    await playground.registered("parrot")
    await (await ada.command(general, "parrot", word="two")).response()
    session = await recorded(playground, tmp_path)
    changed = json.loads(json.dumps(session.lines).replace('"kind": "message"', '"kind": "form"'))
    _, report = await again(Session(header=session.header, lines=tuple(changed)), monkeypatch)
    assert "Ada, parrot: answered with message instead of form" in report


async def test_a_recording_names_nobody_by_id(
    playground: Playground, general: Channel, ada: Person, parrot: Parrot
) -> None:
    await playground.registered("parrot")
    await a_session(playground, general, ada)
    ids = [*playground.world.users, *playground.world.guilds, *playground.world.channels, *general.by_id]
    text = playground.recording.text
    assert not [id for id in ids if str(id) in text]


async def test_the_transcript_tells_who_did_what(
    playground: Playground, client: Client, general: Channel, ada: Person, parrot: Parrot
) -> None:
    await playground.registered("parrot")
    await a_session(playground, general, ada)
    playground.limits.set_rate("message.create", None)
    await client.bot("POST", f"/channels/{general.id}/messages", {"content": "x" * 2001})
    reply = await client.people("GET", "/transcript")
    assert reply.headers["Content-Type"] == "text/markdown; charset=utf-8"
    told = reply.body.decode()
    assert told.startswith("# A session with Causerie\n\nBegun 20")
    assert "**Ada** in #general\n\n> echo goodbye\n\nfiles: why.txt (4 bytes) · edits: 1, the last at 00:0" in told
    assert "> hello @Ada <@u1>" in told
    assert "**Ada** reacted with 🎉 at Causerie's message of 00:0" in told
    assert "used `/parrot word: @Ada to: Ada paper: p.txt (5 bytes) tone: loud`" in told
    assert "**Ada** in #general used `Quote` in the menu of Causerie's message of" in told
    assert "opened the form “Name the parrot”" in told
    assert "sent the form “Name the parrot” with Name: Polly" in told
    assert "pressed `Apple / Pear` and chose a" in told
    assert "in Ada's DM\n\n> echo alone" in told
    assert "⚠️ `POST /channels/{channel_id}/messages` in #general was refused: 400, code 50035." in told
    assert "cGFwZXI=" not in told and "paper" in told


async def test_the_transcript_has_the_words_of_a_layout(
    playground: Playground, client: Client, general: Channel, ada: Person
) -> None:
    fruit = [{"label": name, "value": name} for name in ("Apple", "Pear", "Plum", "Quince")]
    section = {"type": 9, "components": [{"type": 10, "content": f"For {ada.mention}"}], "accessory": PRESS}
    rows = [
        {"type": 1, "components": [{"type": 3, "custom_id": "x1", "options": fruit}]},
        {"type": 1, "components": [{"type": 5, "custom_id": "x2"}]},
    ]
    inside = {"type": 17, "components": [section, *rows]}
    layout = {"flags": 1 << 15, "components": [{"type": 10, "content": "# A layout"}, inside]}
    sent = await client.bot("POST", f"/channels/{general.id}/messages", layout)
    told = markdown(playground.recording.header, playground.recording.lines)
    assert "> # A layout\n>\n> For @Ada\n\nbuttons: `Press`, `Apple / Pear / Plum / …`, `people`" in told
    changed = {"components": [{"type": 10, "content": "Another"}]}
    await client.bot("PATCH", f"/channels/{general.id}/messages/{sent.body['id']}", changed)
    told = markdown(playground.recording.header, playground.recording.lines)
    assert "> Another\n\nedits: 1" in told and "A layout" not in told


async def test_the_transcript_counts_rate_limits_and_failures(
    playground: Playground, client: Client, general: Channel, ada: Person
) -> None:
    for _ in range(6):
        await client.bot("POST", f"/channels/{general.id}/messages", {"content": "hi"})
    told = (await client.people("GET", "/transcript")).body.decode()
    assert "5 messages, 1 rate limit, 0 other refusals." in told
    assert "was refused: 429. You are being rate limited. Wait " in told


async def test_the_recording_so_far_is_served_as_lines(
    playground: Playground, client: Client, general: Channel, ada: Person
) -> None:
    said = await ada.say(general, "하나", files=[("a.bin", b"\x00\xff")])
    await ada.edit(said, "둘")
    reply = await client.people("GET", "/recording")
    assert reply.headers["Content-Type"].startswith("application/jsonl")
    header, *rest = [json.loads(row) for row in reply.body.decode().splitlines()]
    assert header["format"] == "playground-recording" and header["version"] == 1
    by_event = {line["event"]: line for line in rest}
    assert list(by_event) == ["server", "channel", "person", "member", "said", "edited"]
    assert by_event["said"]["files"] == [{"name": "a.bin", "size": 2, "content": "AP8="}]
    assert by_event["edited"] | {"at": 0} == {
        "at": 0, "event": "edited", "by": "u1", "message": "m1", "channel": "c1", "text": "둘",
    }  # fmt: skip


async def test_many_edits_are_folded_into_the_newest(
    playground: Playground, client: Client, general: Channel, ada: Person, tmp_path: Path
) -> None:
    said = await ada.say(general, "0", files=[("a.txt", b"a")])
    for number in range(1, KEPT_EDITS + 5):
        await ada.edit(said, str(number))
    kept = lines(playground, "edited")
    assert [line["text"] for line in kept] == [str(number) for number in range(5, KEPT_EDITS + 5)]
    assert [line.get("edits") for line in kept] == [5] + [None] * (KEPT_EDITS - 1)
    transcript = (await client.people("GET", "/transcript")).body.decode()
    assert f"> {KEPT_EDITS + 4}\n" in transcript and f"edits: {KEPT_EDITS + 4}, the last at" in transcript
    path = tmp_path / "kept.jsonl"
    path.write_text(playground.recording.text, encoding="utf-8")
    async with Playground() as fresh:
        assert str(await Replay(read(path), fresh, speed=1000, patience=0.05).run()).endswith("as recorded")
        (again,) = next(iter(fresh.world.guilds.values())).channels.values()
        assert [message.content for message in again.messages] == [str(KEPT_EDITS + 4)]


def test_what_an_edit_changed_outlives_it() -> None:
    kept = Lines(edits=1)
    for changed in ({"text": "a", "buttons": ["Stop"]}, {"text": "b"}, {"loading": False}):
        kept.add({"event": "edited", "message": "m1", **changed})
    assert list(kept) == [
        {"event": "edited", "message": "m1", "text": "b", "buttons": ["Stop"], "loading": False, "edits": 3}
    ]


def test_of_the_oldest_files_only_name_and_size_are_left() -> None:
    files = [kept(Attachment(id=id, channel_id=1, filename="a", content=b"xyz", content_type="")) for id in (1, 2, 3)]
    bounded = Lines(file_bytes=6)
    for number, file in enumerate(files):
        bounded.add({"event": "said", "message": f"m{number}", "files": [file]})
    contents = [json.loads(written(line))["files"][0] for line in bounded]
    assert [each["content"] for each in contents] == [None, "eHl6", "eHl6"]
    assert [content(each) for each in contents] == [b"\0\0\0", b"xyz", b"xyz"], "it can still be sent again"


def test_the_oldest_events_are_left_out_and_counted() -> None:
    bounded = Lines(lines=3, edits=2)
    bounded.add({"event": "channel", "channel": "c1"})
    for number in range(4):
        bounded.add({"event": "said", "message": f"m{number}"})
        bounded.add({"event": "edited", "message": f"m{number}", "text": "x"})
    assert [(line["event"], line.get("message")) for line in bounded] == [
        *(("channel", None), ("edited", "m2"), ("said", "m3"), ("edited", "m3"))
    ]
    assert bounded.left_out == 5
    header = {"bot": "Parrot", "left_out": bounded.left_out}
    assert "⚠️ The oldest is not here: 5 events left out." in markdown(
        header, [{"at": 0.0, "event": "online", "by": "bot"}]
    )


def test_what_was_edited_once_can_be_left_out_and_edited_again() -> None:
    bounded = Lines(lines=2, edits=2)
    bounded.add({"event": "edited", "message": "m1", "text": "a"})
    bounded.add({"event": "said", "message": "m2"})
    bounded.add({"event": "said", "message": "m3"})
    assert not bounded._edits
    for text in "bcd":
        bounded.add({"event": "edited", "message": "m1", "text": text})
    assert [(line["text"], line.get("edits")) for line in bounded] == [("c", 2), ("d", None)]
    assert bounded.left_out == 3


async def test_a_file_is_held_once_however_often_its_message_changes(
    playground: Playground, general: Channel, ada: Person
) -> None:
    said = await ada.say(general, "0", files=[("a.bin", b"once and for all")])
    for text in "12":
        await ada.edit(said, text)
    held = [each for each in gc.get_objects() if isinstance(each, Content) and each.raw == b"once and for all"]
    assert len(held) == 1


async def test_a_file_that_an_edit_adds_is_recorded(playground: Playground, client: Client, general: Channel) -> None:
    path = f"/channels/{general.id}/messages"
    sent = (await client.bot("POST", path, {"content": "a"})).body
    form = aiohttp.FormData()
    form.add_field("files[0]", b"new", filename="b.bin")
    headers = {"Authorization": f"Bot {playground.token}"}
    await client.fetch("PATCH", f"{playground.api_url}{path}/{sent['id']}", data=form, headers=headers)
    [edited] = (json.loads(written(line)) for line in lines(playground, "edited"))
    assert edited["files"] == [{"name": "b.bin", "size": 3, "content": "bmV3"}] and "text" not in edited


async def test_what_the_world_forgets_is_not_kept_to_be_compared(
    playground: Playground, general: Channel, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "KEPT_MESSAGES", 3)
    for number in range(5):
        await ada.delete(await ada.say(general, f"deleted {number}"))
        await ada.say(general, str(number))
    gc.collect()
    assert {message.content for message in playground.recording._shown} == {"2", "3", "4"}


def test_names_of_what_is_long_past_are_given_up_and_never_given_again() -> None:
    names = Names(ID, passing=2)
    assert [names.of(kind, ID) for kind in ("c", "m", "i")] == ["c1", "m1", "i1"]
    assert [names.of("m", ID + number) for number in (1, 2, 1)] == ["m2", "m3", "m2"]
    assert (names.find("m", ID), names.find("c", ID)) == (None, "c1")
    assert names.of("m", ID) == "m4"


async def test_strangers_get_no_recording(playground: Playground, client: Client) -> None:
    for path in ("/recording", "/transcript"):
        url = f"{playground.url}/playground/api{path}"
        assert (await client.fetch("GET", url, headers={"Origin": "http://elsewhere.example"})).status == 403


async def test_a_world_is_made_again_with_its_people_roles_and_hidden_channels(tmp_path: Path) -> None:
    async with Playground() as old, Playground() as new:
        default_world(old)
        Replay(await recorded(old, tmp_path), new)
        (was,), (now,) = old.world.guilds.values(), new.world.guilds.values()
        assert [role.name for role in now.roles.values()] == [role.name for role in was.roles.values()]
        assert [role.permissions for role in now.roles.values()] == [role.permissions for role in was.roles.values()]
        assert {user.name: user.locale for user in new.world.users.values()} == {
            user.name: user.locale for user in old.world.users.values()
        }
        mods = next(channel for channel in now.channels.values() if channel.name == "mods")
        people = {user.name: new.people.person(user.id) for user in new.world.users.values() if not user.bot}
        await people["Grace"].say(mods, "hidden")
        assert [len(people[name].messages(mods)) for name in ("Grace", "Ada")] == [1, 0]


def test_names_stand_for_ids_and_words_like_names_survive() -> None:
    names = Names(ID)
    for name, kind in (("u1", "u"), ("r1", "r"), ("c1", "c")):
        assert names.of(kind, ID + 1) == name
    text = f"<@{ID}> <@!{ID + 1}> <@&{ID + 1}> <#{ID + 1}> <@{ID + 9}> <@u1> <@~u1> <#bot> <:e:{ID}>"
    written = names.text(text)
    assert written == f"<@bot> <@!u1> <@&r1> <#c1> <@{ID + 9}> <@~u1> <@~~u1> <#~bot> <:e:{ID}>"
    ids = {"bot": ID, "u1": ID + 1, "r1": ID + 1, "c1": ID + 1}
    assert told(written, lambda sigil, name: f"<{sigil}{ids[name]}>" if name in ids else None) == text


HEADER = '{"format":"playground-recording","version":1}\n'


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (None, "No such file or directory"),
        ("", "no recording of a playground"),
        ("a,b\n1,2\n", "no recording of a playground"),
        ('{"version": 1}\n', "no recording of a playground"),
        (HEADER.replace("1}", "2}"), "version 2 is of a newer playground; this one reads up to 1"),
        (HEADER + "{\n{}\n", "line 2 is damaged"),
        (HEADER + '{"at": 1, "event": "said"}\n{"at": "x", "event": "said"}\n', "line 3 is damaged"),
        (b"\xff\xfe\n", "not a text file"),
    ],
)
@pytest.mark.parametrize("act", ["transcript", "replay"])
def test_what_is_no_recording_is_refused_in_one_line(
    text: str | bytes | None, complaint: str, act: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "session.jsonl"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SystemExit) as ended:
        main([act, str(path)])
    assert ended.value.code == 1
    assert capsys.readouterr().err == f"playground: {path}: {complaint}\n"


def test_a_line_that_a_crash_cut_off_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    path.write_text(HEADER + '{"at":1,"event":"online"}\n{"at":2,"ev', encoding="utf-8")
    assert [line["event"] for line in read(path).lines] == ["online"]


async def test_a_pen_that_cannot_write_says_so(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="directory"):
        Pen(tmp_path)


async def test_a_file_is_written_whole_however_soon_it_is_forgotten(
    playground: Playground, general: Channel, ada: Person, tmp_path: Path
) -> None:
    playground.recording._lines = Lines(file_bytes=3)
    pen = Pen(tmp_path / "session.jsonl")
    playground.recording.follow(pen.put)
    await ada.say(general, "two", files=[("a.txt", b"aa"), ("b.txt", b"bb")])
    await ada.say(general, "one", files=[("c.txt", b"cc")])
    await pen.close()
    said = [line for line in read(tmp_path / "session.jsonl").lines if line["event"] == "said"]
    assert [content(file) for line in said for file in line["files"]] == [b"aa", b"bb", b"cc"]
    kept = [json.loads(written(file)) for line in lines(playground, "said") for file in line["files"]]
    assert [file["content"] for file in kept] == [None, None, "Y2M="]


@asynccontextmanager
async def program(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """`python -m playground` as a process of its own; ended where it has not ended by itself."""
    command = (sys.executable, "-m", "playground", *arguments)
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def introduced(process: asyncio.subprocess.Process) -> dict[str, str]:
    assert process.stdout is not None
    rows = [(await process.stdout.readline()).decode().strip() for _ in range(2)]
    return dict(row.split("=", 1) for row in rows)


async def test_the_program_records_and_plays_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "session.jsonl")
    async with program("--record", path, "--name", "Parrot") as playground, aiohttp.ClientSession() as http:
        address = await introduced(playground)
        async with at(address["DISCORD_API_URL"], monkeypatch)(address["DISCORD_TOKEN"]):
            await _talk(http, address["DISCORD_API_URL"].removesuffix("/api/v10") + "/playground/api")
        playground.send_signal(signal.SIGTERM)
        assert await playground.wait() == 0
    async with program("replay", path, "--speed", "1000") as replay:
        address = await introduced(replay)
        assert await named(address["DISCORD_API_URL"]) == "Parrot", "as it was recorded"
        async with at(address["DISCORD_API_URL"], monkeypatch)(address["DISCORD_TOKEN"]):
            told, _ = await replay.communicate()
    assert (told.decode(), replay.returncode) == ("1 message of the bot, 1 recorded: as recorded\n", 0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device here that is full")
async def test_a_recording_that_cannot_be_written_ends_the_program() -> None:
    async with program("--record", "/dev/full") as playground, asyncio.timeout(30):
        _, told = await playground.communicate()
    assert told.decode() == "playground: [Errno 28] No space left on device: '/dev/full'\n"
    assert playground.returncode == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("replaying", [False, True])
async def test_an_interrupt_is_an_end_in_good_order(tmp_path: Path, number: signal.Signals, replaying: bool) -> None:
    path = tmp_path / "session.jsonl"
    path.write_text(HEADER, encoding="utf-8")
    async with program(*(("replay", str(path)) if replaying else ())) as playground, asyncio.timeout(30):
        await introduced(playground)
        playground.send_signal(number)
        _, told = await playground.communicate()
    assert (told, playground.returncode) == (b"", 0)


async def named(api_url: str) -> str:
    """The bot, as the playground calls it."""
    url = api_url.replace("/api/v10", "/playground/api/state")
    async with aiohttp.ClientSession() as http, http.get(url) as response:
        return str((await response.json())["bot"]["name"])


async def _talk(http: aiohttp.ClientSession, api: str) -> None:
    async with http.get(f"{api}/state") as response:
        state = await response.json()
    person, channel = state["people"][0]["id"], state["guilds"][0]["channels"][0]["id"]
    async with http.ws_connect(f"{api}/events?user_id={person}") as feed:
        while not (await feed.receive_json()).get("online"):
            pass
        said = {"user_id": person, "content": "echo hello"}
        async with http.post(f"{api}/channels/{channel}/messages", json=said) as response:
            assert response.status == 201
        while (await feed.receive_json()).get("message", {}).get("content") != "hello":
            pass


def test_a_recording_of_a_bot_that_never_comes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "session.jsonl"
    path.write_text(HEADER, encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["replay", str(path), "--patience", "0.05"])
    assert ended.value.code == 1
    assert "no bot connected within 0.05 s" in capsys.readouterr().err
