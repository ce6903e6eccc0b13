"""How the lines of GitHub's Markdown begin."""

from __future__ import annotations

import re

QUOTE = re.compile(r" {0,3}>[> \t]*")
RULE = re.compile(r" {0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})\r?")
HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(?=\S)")
ITEM = re.compile(r"(?P<indent>[ \t]*)(?P<mark>[-*+]|\d{1,9}[.)])[ \t]+(?:\[(?P<box>[ xX])\][ \t]+)?(?=\S)")
BOXES = {None: "", " ": "☐ ", "x": "☑ ", "X": "☑ "}
MAX_LEVEL = 8
"""Of a list in a list; deeper ones stay there."""
CODE_QUOTE = re.compile(r" {0,3}> ?")
MARGIN = re.compile(r" {4}| {0,3}\t")
INDENT = re.compile(r"[ \t]*")
ALERT = re.compile(r"\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\][ \t]*\r?")
AMBIGUOUS = re.compile(
    r"[ \t]*+(?:[-*_+=#|:. \t]*|\d{1,9}[.)]?|(?:[-*+]|\d{1,9}[.)])[ \t]++(?:\[[ xX]?\]?[ \t]*)?|\[!?[A-Z]*\]?[ \t]*"
    r"|(?:(?:[-*+]|\d{1,9}[.)])[ \t]++)?(?:`{1,16}|`{3,16}[^`]*|~{1,2}|~{3,16}.*))\r?"
)
"""An unfinished line that may yet be something else."""
BLOCK = re.compile(
    r"[ \t]*(?:>|#{1,6}[ \t]|(?:[-*+]|\d{1,9}[.)])[ \t]|`{3}|~{3}|\|(?!\|)|(?:[-*_][ \t]*){3,}\r?$|\r?$)"
)
"""What ends a paragraph."""
