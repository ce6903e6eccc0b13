"""A small bot for the page's tests: it repeats what it hears, word by word, and shows each kind of answer."""

from __future__ import annotations

import logging
import os
from typing import Any

import discord
import yarl
from discord import app_commands

PERSONAS = {"Poet": "시인", "Teacher": "선생님", "Pirate": "해적"}


KOREAN = {
    "persona": "페르소나",
    "use": "사용",
    "name": "이름",
    "Put a persona to work": "이 채널에서 쓸 페르소나를 고릅니다",
    "Which one": "어느 페르소나",
    "tune": "조율",
    "setting": "항목",
    "value": "값",
    "voice": "목소리",
    "voice of the night": "밤의 목소리",
}


class Korean(app_commands.Translator):
    async def translate(self, string: app_commands.locale_str, locale: discord.Locale, context: Any) -> str | None:
        return KOREAN.get(string.message) if locale is discord.Locale.korean else None


class EchoBot(discord.AutoShardedClient):
    def __init__(self) -> None:
        intents = discord.Intents.default()
        intents.message_content = True
        super().__init__(intents=intents, allowed_mentions=discord.AllowedMentions.none())
        self.tree = app_commands.CommandTree(self)

    async def setup_hook(self) -> None:
        self.tree.add_command(Persona())
        self.tree.add_command(form)
        self.tree.add_command(survey)
        self.tree.add_command(again)
        self.tree.add_command(ask)
        self.tree.add_command(tune)
        await self.tree.set_translator(Korean())
        await self.tree.sync()

    async def on_message(self, message: discord.Message) -> None:
        assert self.user is not None
        if message.author.bot or not (message.guild is None or self.user in message.mentions):
            return
        await message.add_reaction("⏳")
        text = message.content.replace(self.user.mention, "").strip() or f"{len(message.attachments)} file(s)"
        words = f"**You said:** {text}".split(" ")
        async with message.channel.typing():
            sent = await message.reply(words[0], mention_author=False)
        for end in (len(words) // 2, len(words)):
            sent = await sent.edit(content=" ".join(words[:end]))
        await message.remove_reaction("⏳", self.user)


class Persona(app_commands.Group):
    def __init__(self) -> None:
        super().__init__(name="persona", description="Personas")

    @app_commands.command(name="use", description="Put a persona to work")
    @app_commands.describe(name="Which one")
    async def use(self, interaction: discord.Interaction, name: str) -> None:
        await interaction.response.send_message(f"Now **{name}** answers here.", ephemeral=True, view=Undo())

    @use.autocomplete("name")
    async def names(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        korean = interaction.locale is discord.Locale.korean
        shown = {slug: PERSONAS[slug] if korean else slug for slug in PERSONAS}
        return [
            app_commands.Choice(name=name, value=slug.lower())
            for slug, name in shown.items()
            if current.lower() in name.lower()
        ]


class Undo(discord.ui.View):
    @discord.ui.button(label="Undo", emoji="↩️")
    async def undo(self, interaction: discord.Interaction, button: discord.ui.Button[Undo]) -> None:
        await interaction.response.edit_message(content="Undone.", view=None)


class Form(discord.ui.Modal):
    def __init__(self) -> None:
        super().__init__(title="A new persona")
        self.named: discord.ui.TextInput[Form] = discord.ui.TextInput(max_length=20)
        self.told: discord.ui.TextInput[Form] = discord.ui.TextInput(
            style=discord.TextStyle.paragraph, default="Be kind.", required=False
        )
        self.add_item(discord.ui.Label(text="Name", component=self.named))
        self.add_item(discord.ui.Label(text="Instructions", description="How it speaks", component=self.told))

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"{self.named.value}: {self.told.value}", ephemeral=True)


@app_commands.command(description="Opens a form")
async def form(interaction: discord.Interaction) -> None:
    await interaction.response.send_modal(Form())


class Survey(discord.ui.Modal):
    """What there is to choose in a form."""

    def __init__(self) -> None:
        super().__init__(title="A survey")
        self.friend: discord.ui.UserSelect[Survey] = discord.ui.UserSelect(required=False)
        self.paper: discord.ui.FileUpload[Survey] = discord.ui.FileUpload(required=False, max_values=2)
        self.tone: discord.ui.RadioGroup[Survey] = discord.ui.RadioGroup()
        self.fruit: discord.ui.CheckboxGroup[Survey] = discord.ui.CheckboxGroup(max_values=2)
        self.sure: discord.ui.Checkbox[Survey] = discord.ui.Checkbox()
        for name in ("kind", "stern"):
            self.tone.add_option(label=name)
        for name in ("apple", "banana", "cherry"):
            self.fruit.add_option(label=name, description=f"One {name}")
        for item in ("friend", "paper", "tone", "fruit", "sure"):
            self.add_item(discord.ui.Label(text=item.title(), component=getattr(self, item)))

    async def on_submit(self, interaction: discord.Interaction) -> None:
        files = [file.filename for file in self.paper.values]
        people = [person.display_name for person in self.friend.values]
        told = f"{people} {files} {self.tone.value} {self.fruit.values} {self.sure.value}"
        await interaction.response.send_message(f"`{told}`", ephemeral=True)


@app_commands.command(description="Opens a form with something to choose")
async def survey(interaction: discord.Interaction) -> None:
    await interaction.response.send_modal(Survey())


@app_commands.command(description="Asks something")
@app_commands.describe(
    prompt="What you want to know", file="What it is about", private="Only for you", tone="How it sounds"
)
@app_commands.choices(tone=[app_commands.Choice(name=tone, value=tone) for tone in ("kind", "stern")])
async def ask(
    interaction: discord.Interaction,
    prompt: str,
    file: discord.Attachment | None = None,
    private: bool = False,
    tone: str = "plain",
) -> None:
    name = file.filename if file else "no file"
    await interaction.response.send_message(f"{prompt} ({tone}, {name})", ephemeral=private)


@app_commands.command(description="Sets something")
@app_commands.choices(
    setting=[app_commands.Choice(name=name, value=name.upper()) for name in ("voice", "voice of the night", "pace")]
)
async def tune(
    interaction: discord.Interaction, setting: str | None = None, value: app_commands.Range[str, 1, 8] | None = None
) -> None:
    await interaction.response.send_message(f"Tuned: {setting} to {value}", ephemeral=True)


@app_commands.context_menu(name="Say again")
async def again(interaction: discord.Interaction, message: discord.Message) -> None:
    await interaction.response.send_message(f"Again: {message.content}")


def main() -> None:
    address = os.environ["DISCORD_API_URL"]
    discord.http.Route.BASE = address
    host = yarl.URL(address)
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = host.with_scheme("ws").with_path("/gateway")
    EchoBot().run(os.environ["DISCORD_TOKEN"], log_level=logging.WARNING)


if __name__ == "__main__":
    main()
