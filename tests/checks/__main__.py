"""Runs every check, prints a line for each, and the output of those that fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
PYTEST = (sys.executable, "-m", "pytest", "-q")
TEXTS = "14" if os.environ.get("CI") else "67"
"""Times the 150 of `make test`: 10,000 texts a property, fewer where many changes wait."""

CHECKS: dict[str, list[str]] = {
    "style": [f"{BIN}/ruff", "check", "--quiet", "."],
    "format": [f"{BIN}/ruff", "format", "--quiet", "--check", "."],
    "types": [f"{BIN}/mypy"],
    "layers": [f"{BIN}/lint-imports", "--no-logo"],
    "pins": [sys.executable, "-m", "tests.checks.pins"],
    "fuzz": [*PYTEST, "--fuzz", "20", "-n", "2", "--timeout", "300", "tests/contract"],
    "split": [*PYTEST, "--fuzz", TEXTS, "--timeout", "600", "tests/delivery/test_split.py"],
    "page": [*PYTEST, "-m", "browser", "tests"],
}


def main() -> int:
    failed = [name for name, command in CHECKS.items() if not _passes(name, command)]
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


def _passes(name: str, command: list[str]) -> bool:
    started = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    print(f"{name:8} {'ok' if done.returncode == 0 else 'FAILED'} ({time.monotonic() - started:.0f} s)", flush=True)
    if done.returncode != 0:
        print(done.stdout + done.stderr)
    return done.returncode == 0


if __name__ == "__main__":
    if shutil.which("chromium") is None:
        print("The page's tests need Chromium and its driver: on Debian, the packages chromium and chromium-driver.")
    sys.exit(main())
