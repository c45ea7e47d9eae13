"""The command line: commands only, no logic. Exit 0: done, 1: could not, 2: used wrongly."""

from __future__ import annotations

from contactcenter.cli.root import app
from contactcenter.cli.terminal import report_errors


def main() -> None:
    """Run the command line; our own errors are one line on standard error, never a traceback."""
    with report_errors():
        app()


if __name__ == "__main__":
    main()
