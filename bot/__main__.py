"""`python -m bot` runs the bot; with a command, `bot.cli` carries it out, and only then are its libraries imported."""

import sys


def main() -> int:
    if len(sys.argv) == 1:
        from bot.app import main as run

        return run()
    from bot.cli import main as command

    return command()


if __name__ == "__main__":
    sys.exit(main())
