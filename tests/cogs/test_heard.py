"""Messages are made by discord.py from payloads as Discord sends them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import discord
import pytest
from aiohttp import web

from bot.domain.conversation import MAX_FILE_BYTES, Addressing, Place, Quote
from cogs import heard

ME = 10
ANNA = {"id": "11", "username": "anna", "global_name": "Anna", "discriminator": "0", "avatar": None}
BORA = {"id": "12", "username": "bora", "global_name": "보라", "discriminator": "0", "avatar": None}
BOT = {"id": str(ME), "username": "causerie", "discriminator": "0", "avatar": None, "bot": True}
ROLE = {
    "id": "70",
    "name": "Crew",
    "color": 0,
    "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
    "hoist": False,
    "position": 1,
    "permissions": "0",
    "managed": False,
    "mentionable": True,
    "flags": 0,
}
CHANNEL = {"id": "20", "type": 0, "name": "harbour", "position": 0, "permission_overwrites": [], "nsfw": False}
GUILD = {
    "id": "7",
    "name": "Port",
    "owner_id": "1",
    "roles": [ROLE | {"id": "7", "name": "@everyone"}, ROLE],
    "emojis": [],
    "stickers": [],
    "features": [],
    "channels": [CHANNEL],
    "threads": [],
    "members": [],
    "member_count": 1,
    "preferred_locale": "ko",
    "verification_level": 0,
    "default_message_notifications": 0,
    "explicit_content_filter": 0,
    "mfa_level": 0,
    "nsfw_level": 0,
    "premium_tier": 0,
    "premium_progress_bar_enabled": False,
    "system_channel_flags": 0,
    "afk_timeout": 60,
}


@dataclass
class Ear:
    client: discord.Client
    guild: discord.Guild = field(init=False)

    def __post_init__(self) -> None:
        state = self.client._connection
        state.user = discord.ClientUser(state=state, data=BOT)  # type: ignore[arg-type]
        self.guild = discord.Guild(data=GUILD, state=state)  # type: ignore[arg-type]
        state._add_guild(self.guild)

    @property
    def me(self) -> discord.ClientUser:
        assert self.client.user is not None
        return self.client.user

    def message(self, content: str = "", *, direct: bool = False, **more: Any) -> discord.Message:
        state = self.client._connection
        channel: Any = self.guild.get_channel(20)
        if direct:
            data = {"id": "30", "type": 1, "recipients": [ANNA]}
            channel = discord.DMChannel(me=self.me, state=state, data=data)  # type: ignore[arg-type]
        return discord.Message(state=state, channel=channel, data=payload(content, **more))  # type: ignore[arg-type]

    def reply(self, content: str, to: dict[str, Any] | None, *, ping: bool = False) -> discord.Message:
        """`to` None: the message that is answered was deleted."""
        return self.message(
            content,
            type=19,
            message_reference={"message_id": "900", "channel_id": "20", "guild_id": "7", "type": 0},
            referenced_message=to,
            mentions=[to["author"]] if ping and to else [],
        )

    def addressing(self, message: discord.Message, *, everything: bool = False) -> Addressing | None:
        return heard.addressing(message, self.me, everything)

    def plain(self, content: str, **more: Any) -> str:
        return heard.plain(self.message(content, **more), self.me)


def payload(content: str, **more: Any) -> dict[str, Any]:
    return {
        "id": "901",
        "channel_id": "20",
        "author": ANNA,
        "content": content,
        "timestamp": "2026-01-01T00:00:00+00:00",
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "pinned": False,
        "type": 0,
        "flags": 0,
        "components": [],
        **more,
    }


@pytest.fixture
async def ear() -> AsyncIterator[Ear]:
    client = discord.Client(intents=discord.Intents.none())
    yield Ear(client)
    await client.close()


class TestAddressing:
    @pytest.mark.parametrize("content", ["<@10> hello", "hello <@!10>", "<@10>"])
    async def test_a_mention(self, ear: Ear, content: str) -> None:
        assert ear.addressing(ear.message(content, mentions=[BOT])) is Addressing.MENTION

    @pytest.mark.parametrize(
        "content", ["hello", "<@100> hello", "<@&10> hello", "<#10>", "@everyone", "@here", "10", "@causerie"]
    )
    async def test_what_is_for_others(self, ear: Ear, content: str) -> None:
        message = ear.message(content, mention_everyone=content in ("@everyone", "@here"))
        assert ear.addressing(message) is None
        assert ear.addressing(message, everything=True) is Addressing.EVERYTHING

    @pytest.mark.parametrize("ping", [True, False])
    async def test_a_reply_to_the_bot(self, ear: Ear, ping: bool) -> None:
        replied = payload("An answer.", id="900", author=BOT)
        assert ear.addressing(ear.reply("and then?", replied, ping=ping)) is Addressing.REPLY

    async def test_a_reply_to_somebody_else(self, ear: Ear) -> None:
        replied = payload("A remark about <@10>.", id="900", author=BORA)
        assert ear.addressing(ear.reply("indeed", replied, ping=True)) is None
        assert ear.addressing(ear.reply("<@10> is that so?", replied)) is Addressing.MENTION

    async def test_a_reply_to_what_was_deleted(self, ear: Ear) -> None:
        message = ear.reply("and then?", None)
        assert ear.addressing(message) is None and heard.replied_message(message) is None

    async def test_a_forwarded_answer_is_no_reply(self, ear: Ear) -> None:
        message = ear.message(
            "", message_reference={"message_id": "900", "channel_id": "20", "type": 1}, message_snapshots=[]
        )
        assert ear.addressing(message) is None

    async def test_a_direct_message(self, ear: Ear) -> None:
        assert ear.addressing(ear.message("hello", direct=True)) is Addressing.DIRECT


class TestPlain:
    @pytest.mark.parametrize("content", ["<@10> hello", "<@!10> hello", "hello <@10>", "  <@10>  hello "])
    async def test_the_bots_own_name_is_left_out(self, ear: Ear, content: str) -> None:
        assert ear.plain(content) == "hello"

    async def test_others_are_called_by_their_names(self, ear: Ear) -> None:
        content = "<@10> ask <@12> of <@&70> in <#20> <:sail:99> <a:wave:98>"
        assert ear.plain(content, mentions=[BOT, BORA]) == "ask @보라 of @Crew in #harbour :sail: :wave:"

    async def test_what_has_no_name_here_stays_as_it_is(self, ear: Ear) -> None:
        assert ear.plain("<@404> <@&404> <#404> <t:0:R> a <b> c") == "<@404> <@&404> <#404> <t:0:R> a <b> c"
        assert ear.plain("<@12> <#20>", direct=True) == "<@12> <#20>"

    async def test_lines_and_code_stay(self, ear: Ear) -> None:
        assert ear.plain("<@10> look:\n```py\n  x = 1\n```") == "look:\n```py\n  x = 1\n```"

    async def test_a_quote_has_a_name_and_words(self, ear: Ear) -> None:
        replied = ear.message("Ask <@10> or <@12>", author=BORA, mentions=[BORA])
        assert heard.quote(replied, ear.me) == Quote(author="보라", text="Ask  or @보라")
        assert heard.quote(ear.message("", author=BORA), ear.me) is None


class TestUnreadable:
    async def test_only_an_empty_envelope_in_a_guild_is(self, ear: Ear) -> None:
        assert heard.unreadable(ear.message(""), sees_content=False)
        assert not heard.unreadable(ear.message(""), sees_content=True)
        assert not heard.unreadable(ear.message("<@10>"), sees_content=False)
        assert not heard.unreadable(ear.message("", direct=True), sees_content=False)
        file = {"id": "80", "filename": "a.txt", "size": 1, "url": "http://x/a", "proxy_url": "http://x/a"}
        sticker = {"id": "81", "name": "wave", "format_type": 1}
        assert not heard.unreadable(ear.message("", attachments=[file]), sees_content=False)
        assert not heard.unreadable(ear.message("", sticker_items=[sticker]), sees_content=False)


class TestPlace:
    async def test_of_a_channel_and_a_direct_message(self, ear: Ear) -> None:
        assert heard.place_of(ear.message("a")) == Place(channel_id=20, guild_id=7)
        assert heard.place_of(ear.message("a", direct=True)) == Place(channel_id=30)

    async def test_the_locale_is_the_guilds_and_in_a_direct_message_the_scripts(self, ear: Ear) -> None:
        assert heard.locale_of(ear.message("hello")) == "ko"
        assert heard.locale_of(ear.message("hello", direct=True)) is None
        assert heard.locale_of(ear.message("안녕 hello", direct=True)) == "ko"

    @pytest.mark.parametrize(
        ("locale", "text", "expected"),
        [
            ("en-US", "안녕 hello", "ko"),
            ("en-US", "hello", "en-US"),
            ("en-GB", "안녕", "en-GB"),
            ("en", "안녕", "en"),
            ("ko", "hello", "ko"),
            (None, "안녕", "ko"),
            (None, "hello", None),
        ],
    )
    def test_where_no_language_was_chosen_the_script_tells(
        self, locale: str | None, text: str, expected: str | None
    ) -> None:
        assert heard.spoken(locale, text) == expected


@pytest.mark.parametrize(
    ("name", "title", "known"),
    [("a.txt", None, "a.txt"), ("_.txt", "여름 계획", "여름 계획.txt"), ("a_b.tar.gz", "a b.tar.gz", "a b.tar.gz")],
)
def test_a_file_is_called_what_its_owner_calls_it(ear: Ear, name: str, title: str | None, known: str) -> None:
    assert heard.filename(attachment(ear, filename=name, title=title)) == known


def attachment(ear: Ear, url: str = "http://127.0.0.1:1/x", **more: Any) -> discord.Attachment:
    data = {"id": "80", "filename": "file", "size": 10, "url": url, "proxy_url": url, **more}
    return discord.Attachment(data=data, state=ear.client._connection)  # type: ignore[arg-type]


class TestGuildNotToldOf:
    """A message may arrive before the guild that it was written in."""

    def message(self, ear: Ear, content: str) -> discord.Message:
        state = ear.client._connection
        data = payload(content, channel_id="777", guild_id="888")
        channel, _guild = state._get_guild_channel(data)  # type: ignore[arg-type]
        return discord.Message(state=state, channel=channel, data=data)  # type: ignore[arg-type]

    async def test_it_is_no_direct_message(self, ear: Ear) -> None:
        message = self.message(ear, "안녕")
        assert heard.addressing(message, ear.me, everything=False) is None
        assert heard.addressing(self.message(ear, f"<@{ME}> hi"), ear.me, everything=False) is Addressing.MENTION
        assert heard.place_of(message) == Place(channel_id=777, guild_id=888)
        assert heard.locale_of(message) is None


class TestFiles:
    @pytest.mark.parametrize(
        ("filename", "content_type", "text"),
        [
            ("message.txt", "text/plain; charset=utf-8", True),
            ("a.bin", "Text/Plain", True),
            ("a.json", "application/json", True),
            ("a.json", None, True),
            ("a.md", None, True),
            ("a.py", "text/x-python; charset=utf-8", True),
            ("a.yaml", "application/x-yaml", True),
            ("a.svg", "image/svg+xml", True),
            ("a.geojson", "application/geo+json; charset=utf-8", True),
            ("a.sh", "application/x-sh", True),
            ("a.swf", "application/x-shockwave-flash", False),
            ("a.db", "application/sqlite3", False),
            ("a.png", "image/png", False),
            ("a.txt", "image/png", False),
            ("a.pdf", "application/pdf", False),
            ("a.toml", None, True),
            ("a.log", "application/octet-stream", True),
            ("a.zip", "application/zip", False),
        ],
    )
    async def test_what_may_be_text_is_told_by_its_type(
        self, ear: Ear, filename: str, content_type: str | None, text: bool
    ) -> None:
        more = {} if content_type is None else {"content_type": content_type}
        assert heard.may_be_text(attachment(ear, filename=filename, **more)) is text

    @pytest.mark.parametrize(("size", "text"), [(0, True), (MAX_FILE_BYTES, True), (MAX_FILE_BYTES + 1, False)])
    async def test_large_files_are_none(self, ear: Ear, size: int, text: bool) -> None:
        assert heard.may_be_text(attachment(ear, filename="a.txt", content_type="text/plain", size=size)) is text

    async def test_what_can_be_read_is_read_and_the_rest_named(self, ear: Ear) -> None:
        contents = {
            "a.txt": "글".encode(),
            "b.txt": b"a\0b",
            "c.txt": b"x" * (MAX_FILE_BYTES + 1),
            "g.toml": "이름 = 1".encode("cp949"),
            "h": "둘".encode("utf-16"),
            "m": b"\xfe\xff" + "셋".encode("utf-16-be"),
            "n.txt": "넷".encode("utf-8-sig"),
            "i.bin": b"\x89PNG\xff\xfe\xfd",
            "j.txt": "これはテストです".encode("shift_jis"),
            "k.txt": "这是一个测试".encode("gbk"),
        }

        async def serve(request: web.Request) -> web.Response:
            name = request.match_info["name"]
            return web.Response(body=contents[name]) if name in contents else web.Response(status=404)

        app = web.Application()
        app.router.add_get("/{name}", serve)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        open_session(ear)
        names = ["a.txt", "b.txt", "c.txt", "d.txt", "e.png", "g.toml", "h", "i.bin", "j.txt", "k.txt", "m", "n.txt"]
        files = await heard.read_files(
            [attachment(ear, f"{base}/{name}", filename=name) for name in names]
            + [attachment(ear, "http://127.0.0.1:1/f.txt", filename="f.txt")]
        )
        await runner.cleanup()
        assert [(file.filename, file.text) for file in files.read] == [
            ("a.txt", "글"),
            ("g.toml", "이름 = 1"),
            ("h", "둘"),
            ("m", "셋"),
            ("n.txt", "넷"),
        ]
        assert {file.media_type for file in files.read} == {"text/plain"}
        assert files.skipped == ("b.txt", "c.txt", "d.txt", "e.png", "i.bin", "j.txt", "k.txt", "f.txt")

    async def test_a_slow_file_is_given_up_without_holding_up_the_others(
        self, ear: Ear, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(heard, "FETCH_SECONDS", 0.2)
        never = asyncio.Event()

        async def serve(request: web.Request) -> web.Response:
            if request.path == "/slow.txt":
                await never.wait()
            return web.Response(body=b"quick")

        app = web.Application()
        app.router.add_get("/{name}", serve)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        open_session(ear)
        names = ["slow.txt", "quick.txt"]
        files = await heard.read_files([attachment(ear, f"{base}/{name}", filename=name) for name in names])
        never.set()
        await runner.cleanup()
        assert [file.filename for file in files.read] == ["quick.txt"] and files.skipped == ("slow.txt",)


def open_session(ear: Ear) -> None:
    """As logging in does."""
    ear.client.http._HTTPClient__session = aiohttp.ClientSession()  # type: ignore[attr-defined]
