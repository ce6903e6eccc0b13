"""A small bot on stock discord.py that uses what the playground must get right."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from playground.waiting import PATIENCE

KOREAN = {"parrot": "앵무새", "Repeats": "따라합니다"}


class Translator(app_commands.Translator):
    async def translate(
        self, string: app_commands.locale_str, locale: discord.Locale, context: app_commands.TranslationContextTypes
    ) -> str | None:
        return KOREAN.get(string.message) if locale is discord.Locale.korean else None


class NameForm(discord.ui.Modal, title="Name the parrot"):
    called: discord.ui.Label[Any] = discord.ui.Label(text="Name", component=discord.ui.TextInput(max_length=20))
    friend: discord.ui.Label[Any] = discord.ui.Label(text="Friend", component=discord.ui.UserSelect(required=False))

    async def on_submit(self, interaction: discord.Interaction, /) -> None:
        assert isinstance(self.called.component, discord.ui.TextInput)
        await interaction.response.send_message(f"Hello {self.called.component.value}", ephemeral=True)


class Perch(discord.ui.View):
    @discord.ui.button(label="Feed", custom_id="feed")
    async def feed(self, interaction: discord.Interaction, button: discord.ui.Button[Perch]) -> None:
        await interaction.response.edit_message(content="fed", view=None)

    @discord.ui.button(label="Name", custom_id="name")
    async def name(self, interaction: discord.Interaction, button: discord.ui.Button[Perch]) -> None:
        await interaction.response.send_modal(NameForm())

    @discord.ui.select(
        custom_id="fruit", options=[discord.SelectOption(label="Apple", value="a"), discord.SelectOption(label="Pear")]
    )
    async def fruit(self, interaction: discord.Interaction, select: discord.ui.Select[Perch]) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content=f"ate {', '.join(select.values)}")


class Parrot(commands.AutoShardedBot):
    """Says on request: `!repeat`, `!file`, `!thread`, `!typing`, `!perch`, `!delete`; echoes everything else."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("allowed_mentions", discord.AllowedMentions.none())
        super().__init__(command_prefix="!", help_command=None, guild_ready_timeout=0.02, **options)
        self.heard: list[discord.Message] = []
        self.seen: list[tuple[str, Any]] = []
        self._noted = asyncio.Condition()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Without the pause of five seconds that Discord asks for."""

    async def until(self, condition: Callable[[], bool]) -> None:
        """Looks at the condition again after everything the bot notices."""
        async with asyncio.timeout(PATIENCE), self._noted:
            await self._noted.wait_for(condition)

    async def note(self, kind: str, what: Any) -> None:
        async with self._noted:
            self.seen.append((kind, what))
            self._noted.notify_all()

    @asynccontextmanager
    async def running(self, token: str) -> AsyncIterator[None]:
        async with self:
            await self.login(token)
            connection = asyncio.create_task(self.connect())
            try:
                yield
            finally:
                await self.close()
                await asyncio.gather(connection, return_exceptions=True)

    async def setup_hook(self) -> None:
        await self.add_cog(Talk(self))
        self.tree.add_command(cage)
        self.tree.add_command(quote)
        await self.tree.set_translator(Translator())
        await self.tree.sync()

    async def on_message(self, message: discord.Message, /) -> None:
        if message.author == self.user:
            return
        self.heard.append(message)
        await self.note("message", message.content)
        context = await self.get_context(message)
        if context.valid:
            await self.invoke(context)
        elif message.content.startswith("echo "):
            await message.reply(message.content[5:], mention_author=False)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        await self.note("edit", payload.data["content"])

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        await self.note("delete", payload.message_id)

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        await self.note("bulk delete", payload.message_ids)

    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        await self.note("reaction", (str(payload.emoji), payload.user_id))

    async def on_raw_typing(self, payload: discord.RawTypingEvent) -> None:
        await self.note("typing", payload.user_id)

    async def on_thread_create(self, thread: discord.Thread) -> None:
        await self.note("thread", thread.name)

    async def on_ready(self) -> None:
        await self.note("ready", None)

    async def on_resumed(self) -> None:
        await self.note("resumed", None)

    def has_seen(self, kind: str) -> list[Any]:
        return [what for seen, what in self.seen if seen == kind]


class Talk(commands.Cog):
    def __init__(self, bot: Parrot) -> None:
        self.bot = bot

    @commands.command()
    async def repeat(self, context: commands.Context[Parrot], times: int, delay: float = 0) -> None:
        sent = await context.send("0")
        for number in range(1, times):
            await sent.edit(content=str(number))

    @commands.command()
    async def file(self, context: commands.Context[Parrot]) -> None:
        file = discord.File(io.BytesIO("안녕".encode()), "hello.txt", description="a greeting")
        sent = await context.send("here", file=file)
        await sent.edit(attachments=[*sent.attachments, discord.File(io.BytesIO(b"2"), "two.txt")])

    @commands.command()
    async def thread(self, context: commands.Context[Parrot]) -> None:
        thread = await context.message.create_thread(name="aside")
        await thread.send("in here")

    @commands.command()
    async def typing(self, context: commands.Context[Parrot]) -> None:
        async with context.typing():
            await context.send("typed")

    @commands.command()
    async def perch(self, context: commands.Context[Parrot]) -> None:
        await context.send("perch", view=Perch(), embed=discord.Embed(title="Perch", description="of oak"))

    @commands.command()
    async def react(self, context: commands.Context[Parrot]) -> None:
        await context.message.add_reaction("👍")
        await context.message.remove_reaction("👍", context.me)

    @commands.command()
    async def delete(self, context: commands.Context[Parrot]) -> None:
        sent = await context.send("short-lived")
        await sent.delete()

    @commands.command()
    async def history(self, context: commands.Context[Parrot]) -> None:
        read = [message.content async for message in context.channel.history(limit=3)]
        await context.send(" | ".join(read))

    @app_commands.command(name=app_commands.locale_str("parrot"), description=app_commands.locale_str("Repeats"))
    @app_commands.choices(tone=[app_commands.Choice(name="Loud", value="loud")])
    async def parrot(
        self,
        interaction: discord.Interaction,
        word: str,
        times: app_commands.Range[int, 1, 3] = 1,
        to: discord.Member | None = None,
        paper: discord.Attachment | None = None,
        tone: app_commands.Choice[str] | None = None,
    ) -> None:
        said = [word] * times
        if to is not None:
            said.append(to.display_name)
        if paper is not None:
            said.append((await paper.read()).decode())
        if tone is not None:
            said.append(tone.value)
        await interaction.response.send_message(" ".join(said))

    @parrot.autocomplete("word")
    async def words(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=word, value=word) for word in ("polly", "cracker") if current in word]


cage = app_commands.Group(
    name="cage", description="The cage", default_permissions=discord.Permissions(manage_guild=True)
)


@cage.command(name="clean", description="Cleans it, later")
async def clean(interaction: discord.Interaction) -> None:
    await interaction.response.defer(ephemeral=True)
    await interaction.followup.send("clean")
    await interaction.followup.send("and dry")


@cage.command(name="mute", description="Does not answer")
async def mute(interaction: discord.Interaction) -> None:
    pass


@app_commands.context_menu(name="Quote")
async def quote(interaction: discord.Interaction, message: discord.Message) -> None:
    await interaction.response.send_message(f"> {message.content}", ephemeral=True)
