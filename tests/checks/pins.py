"""The pins in requirements/ against the ranges in pyproject.toml, for every supported Python and platform.

Existing pins are kept as long as the ranges allow them, so that a newer release somewhere fails nothing.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = {"run.txt": ["--extra", "postgres"], "dev.txt": ["--all-extras"]}
COMPILE = ["pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-header", "--no-annotate"]
ADDRESS = re.compile(r"^\s*[^#\s].*https?://|--(index|extra-index|find-links)", re.MULTILINE)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--write", action="store_true", help="replace the files with what was resolved")
    write = arguments.parse_args().write
    return max(_examine(name, extras, write) for name, extras in FILES.items())


def _examine(name: str, extras: list[str], write: bool) -> int:
    path = ROOT / "requirements" / name
    before = path.read_text()
    resolved = _resolved(before, extras)
    if ADDRESS.search(resolved):
        print(f"{path.name} names an address")
        return 1
    if write:
        path.write_text(resolved)
    elif _pins(resolved) != _pins(before):
        print(f"{path.name} does not match pyproject.toml: run `make lock`")
        return 1
    return 0


def _resolved(before: str, extras: list[str]) -> str:
    with tempfile.TemporaryDirectory() as directory:
        output = Path(directory) / "pins.txt"
        output.write_text(before)
        uv = Path(sys.executable).parent / "uv"
        subprocess.run(
            [uv, *COMPILE, "--python-version", "3.11", "pyproject.toml", *extras, "-o", output], cwd=ROOT, check=True
        )
        return output.read_text()


def _pins(text: str) -> set[str]:
    return set(re.findall(r"^[A-Za-z0-9][\w.-]*==[^\s\\]+", text, re.MULTILINE))


if __name__ == "__main__":
    sys.exit(main())
