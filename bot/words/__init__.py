"""What people read, in their language.

English sentences in the code are the message ids. In a function, `_ = words(locale)` makes the translator of a reader;
at module level, `N_("…")` marks a sentence that is translated later. `python -m bot.words extract` brings the
catalogues under `locale/` up to date; they are read as they are, without a compiled form.
"""

from __future__ import annotations

import gettext
import io
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from bot.words.form import Form

LOCALES = ("en", "ko")
DOMAIN = "causerie"
CATALOGUES = Path(__file__).parent / "locale"


def N_(text: str) -> str:
    """Marks a sentence for the catalogues."""
    return text


class Words:
    """Translates into one language. A sentence that its catalogue lacks is said in English."""

    def __init__(self, locale: str, catalogue: gettext.NullTranslations) -> None:
        self.locale = locale
        self._catalogue = catalogue
        self._form = Form(locale)
        self._mentions: Mapping[str, str] = {}

    def mentioning(self, commands: Mapping[str, str]) -> Words:
        """The same, with slash commands that a sentence names, such as `/persona list`, as mentions.

        `commands` has the mention of each by its English name, without the slash.
        """
        linked = Words(self.locale, self._catalogue)
        linked._mentions = {f"`/{' '.join(map(self, name.split()))}`": mention for name, mention in commands.items()}
        return linked

    def __call__(self, text: str, /, **values: object) -> str:
        """`values` fill the fields of the sentence: see `bot.words.form`."""
        # The empty msgid is the catalogue's own header.
        return self._filled(self._catalogue.gettext(text), values) if text else ""

    def plural(self, one: str, many: str, n: int, /, **values: object) -> str:
        return self._filled(self._catalogue.ngettext(one, many, n), {"n": n, **values})

    def _filled(self, text: str, values: dict[str, object]) -> str:
        for name, mention in self._mentions.items():
            text = text.replace(name, mention)
        return self._form.format(text, **values) if values else text


def words(locale: str | None) -> Words:
    """By Discord's locale: `en-US` and `ko` are spoken, everything else is answered in English."""
    language = (locale or "en").split("-")[0].lower()
    return _words(language if language in LOCALES else "en")


def load() -> None:
    """Reads every catalogue, and what Babel knows of each language: 0.1 s of files that no reader should wait for."""
    for locale in LOCALES:
        _words(locale)("{n:number} {s:duration}", n=1, s=1)


@cache
def _words(language: str) -> Words:
    path = CATALOGUES / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Words(language, gettext.GNUTranslations(compiled))
