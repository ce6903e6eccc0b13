import sys

if len(sys.argv) == 1:
    from bot.app import main
else:
    from bot.cli import main

sys.exit(main())
