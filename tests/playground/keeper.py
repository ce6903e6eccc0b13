"""A gardener's bot on a plain client of discord.py: every kind of command, option, component and form."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import discord
from discord import app_commands

from playground.waiting import PATIENCE

KOREAN = {"plant": "심기", "Plants something": "무언가를 심습니다", "kind": "종류", "Rose": "장미"}
FLOWERS = ("daisy", "dahlia", "rose")


class Translator(app_commands.Translator):
    async def translate(
        self, string: app_commands.locale_str, locale: discord.Locale, context: app_commands.TranslationContextTypes
    ) -> str | None:
        return KOREAN.get(string.message) if locale is discord.Locale.korean else None


class Order(discord.ui.Modal, title="Order seeds"):
    what: discord.ui.Label[Any] = discord.ui.Label(text="What", component=discord.ui.TextInput(max_length=20))
    size: discord.ui.Label[Any] = discord.ui.Label(
        text="Size",
        component=discord.ui.Select(
            custom_id="size", options=[discord.SelectOption(label="Small"), discord.SelectOption(label="Large")]
        ),
    )
    plan: discord.ui.Label[Any] = discord.ui.Label(
        text="Plan", component=discord.ui.FileUpload(custom_id="plan", required=False)
    )

    async def on_submit(self, interaction: discord.Interaction, /) -> None:
        what, size, plan = self.what.component, self.size.component, self.plan.component
        assert isinstance(what, discord.ui.TextInput)
        assert isinstance(size, discord.ui.Select)
        assert isinstance(plan, discord.ui.FileUpload)
        files = [(await file.read()).decode() for file in plan.values]
        await interaction.response.send_message(f"{size.values[0]} {what.value} {files}", ephemeral=True)


class Panel(discord.ui.View):
    """Tells what was chosen by changing its message, or by an answer of its own."""

    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.add_item(discord.ui.Button(label="Manual", url="https://example.com/manual"))

    @discord.ui.button(label="Water", custom_id="water", style=discord.ButtonStyle.success)
    async def water(self, interaction: discord.Interaction, button: discord.ui.Button[Panel]) -> None:
        button.disabled = True
        await interaction.response.edit_message(content="watered", view=self)

    @discord.ui.button(label="Order", custom_id="order")
    async def order(self, interaction: discord.Interaction, button: discord.ui.Button[Panel]) -> None:
        await interaction.response.send_modal(Order())

    @discord.ui.select(
        custom_id="tools",
        min_values=1,
        max_values=2,
        options=[discord.SelectOption(label="Spade", value="s"), discord.SelectOption(label="Rake", value="r")],
    )
    async def tools(self, interaction: discord.Interaction, select: discord.ui.Select[Panel]) -> None:
        await interaction.response.send_message(f"tools {' '.join(select.values)}", ephemeral=True)


class Pickers(discord.ui.View):
    """Every kind of select that Discord fills itself."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.select(cls=discord.ui.UserSelect, custom_id="user")
    async def user(self, interaction: discord.Interaction, select: discord.ui.UserSelect[Pickers]) -> None:
        await self._tell(interaction, select.values)

    @discord.ui.select(cls=discord.ui.RoleSelect, custom_id="role")
    async def role(self, interaction: discord.Interaction, select: discord.ui.RoleSelect[Pickers]) -> None:
        await self._tell(interaction, select.values)

    @discord.ui.select(cls=discord.ui.MentionableSelect, custom_id="anyone", max_values=2)
    async def anyone(self, interaction: discord.Interaction, select: discord.ui.MentionableSelect[Pickers]) -> None:
        await self._tell(interaction, select.values)

    @discord.ui.select(cls=discord.ui.ChannelSelect, custom_id="channel")
    async def channel(self, interaction: discord.Interaction, select: discord.ui.ChannelSelect[Pickers]) -> None:
        await self._tell(interaction, select.values)

    async def _tell(self, interaction: discord.Interaction, chosen: Any) -> None:
        told = " ".join(f"{type(each).__name__}:{getattr(each, 'name', '')}" for each in chosen)
        await interaction.response.send_message(told, ephemeral=True)


class Keeper(discord.AutoShardedClient):
    """Notes what it hears; tests ask it to act by the library's own methods."""

    def __init__(self, **options: Any) -> None:
        super().__init__(guild_ready_timeout=0.02, **options)
        self.tree = app_commands.CommandTree(self)
        self.noted: list[tuple[str, Any]] = []
        self._news = asyncio.Condition()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Without the pause of five seconds that Discord asks for."""

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
        known: tuple[Any, ...] = (garden, describe, panel, pickers, slowly, silent, later)
        for command in known:
            self.tree.add_command(command)
        self.tree.add_command(app_commands.ContextMenu(name="Weigh", callback=weigh))
        self.tree.add_command(app_commands.ContextMenu(name="Greet", callback=greet))
        await self.tree.set_translator(Translator())
        await self.tree.sync()

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        super().dispatch(event, *args, **kwargs)
        self.noted.append((event, args[0] if args else None))
        asyncio.get_running_loop().create_task(self._tell())

    async def until(self, condition: Callable[[], Any], timeout: float = PATIENCE) -> None:
        """Looks at the condition again after every event."""
        async with asyncio.timeout(timeout), self._news:
            await self._news.wait_for(condition)

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    def heard(self, event: str) -> list[Any]:
        return [what for name, what in self.noted if name == event]


garden = app_commands.Group(name="garden", description="The garden")
bed = app_commands.Group(name="bed", description="Its beds", parent=garden)


@bed.command(name=app_commands.locale_str("plant"), description=app_commands.locale_str("Plants something"))
@app_commands.rename(kind=app_commands.locale_str("kind"))
@app_commands.choices(kind=[app_commands.Choice(name=app_commands.locale_str("Rose"), value=7)])
async def plant(
    interaction: discord.Interaction, name: str, kind: app_commands.Choice[int], depth: app_commands.Range[float, 0, 2]
) -> None:
    locale, place = interaction.locale.value, interaction.guild_locale
    await interaction.response.send_message(f"{name} {kind.value} {depth} {locale} {place and place.value}")


@plant.autocomplete("name")
async def names(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=name.title(), value=name) for name in FLOWERS if name.startswith(current)]


@garden.command(name="tidy", description="Tidies up")
async def tidy(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("tidy", ephemeral=True)


@app_commands.command(description="Takes an option of every kind")
async def describe(
    interaction: discord.Interaction,
    text: str,
    whole: int,
    decimal: float,
    yes: bool,
    person: discord.Member,
    role: discord.Role,
    place: discord.TextChannel,
    anyone: discord.Member | discord.Role,
    paper: discord.Attachment,
) -> None:
    content = (await paper.read()).decode()
    told = [text, whole, decimal, yes, person.display_name, role.name, place.name, anyone.name, content]
    await interaction.response.send_message(" | ".join(map(str, told)))


@app_commands.command(description="Buttons and a select")
async def panel(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("panel", view=Panel())


@app_commands.command(description="The selects that Discord fills")
async def pickers(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("pickers", view=Pickers())


@app_commands.command(description="Promises, fulfils, adds, changes and deletes")
async def slowly(interaction: discord.Interaction) -> None:
    await interaction.response.defer()
    await interaction.edit_original_response(content="first")
    added = await interaction.followup.send("second", wait=True)
    await interaction.followup.send("for you alone", ephemeral=True)
    await added.edit(content="second, changed")
    last = await interaction.followup.send("third", wait=True)
    await last.delete()


@app_commands.command(description="Never answers")
async def silent(interaction: discord.Interaction) -> None:
    pass


@app_commands.command(description="Answers when it is asked to")
async def later(interaction: discord.Interaction) -> None:
    await interaction.response.defer(ephemeral=True)


async def weigh(interaction: discord.Interaction, message: discord.Message) -> None:
    await interaction.response.send_message(f"{len(message.content)} letters", ephemeral=True)


async def greet(interaction: discord.Interaction, member: discord.Member) -> None:
    await interaction.response.send_message(f"Hello {member.display_name}")
