"""`python -m bot.words extract` updates the catalogues from the code: new sentences come in, unused ones go out.

Marked are `_("…")`, `_.plural("…", "…", n)`, `N_("…")` and `L_("…")`, which is discord.py's `locale_str`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from bot.words import CATALOGUES, DOMAIN, LOCALES

ROOT = Path(__file__).parents[2]
KEYWORDS = {"_": None, "N_": None, "L_": None, "plural": (1, 2)}


def extracted() -> Catalog:
    """Every sentence of the code, in the order of files and lines."""
    catalogue = Catalog(project="Causerie", charset="utf-8", fuzzy=False)
    for package in ("bot", "cogs"):
        found = extract_from_dir(ROOT / package, method_map=[("**.py", "python")], keywords=KEYWORDS)
        for filename, _line, message, _comments, context in sorted(found, key=lambda entry: (entry[0], entry[1])):
            catalogue.add(message, locations=[(f"{package}/{filename}", 0)], context=context, flags=())
    return catalogue


def path(locale: str) -> Path:
    return CATALOGUES / locale / "LC_MESSAGES" / f"{DOMAIN}.po"


def update(locale: str) -> None:
    with path(locale).open("rb") as file:
        catalogue = read_po(file, locale=locale)
    catalogue.update(extracted(), no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()
    with path(locale).open("wb") as file:
        write_po(file, catalogue, width=120, omit_header=False, include_lineno=False, sort_output=False)


if __name__ == "__main__":
    if sys.argv[1:] != ["extract"]:
        sys.exit("usage: python -m bot.words extract")
    for name in LOCALES:
        update(name)
