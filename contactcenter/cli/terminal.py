"""What commands share: the ``--data`` option, output, logging, and how errors look."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from contactcenter.errors import ContactCenterError

DataOption = Annotated[
    Path | None,
    typer.Option("--data", envvar="CONTACTCENTER_DATA", help="Data directory (default: ./contactcenter-data)."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@contextmanager
def report_errors() -> Iterator[None]:
    """Turn our own errors into one clear line and exit code 1."""
    try:
        yield
    except ContactCenterError as error:
        print(f"contactcenter: {error}", file=sys.stderr)
        raise SystemExit(1) from None


def configure_logging(*, quiet: bool = False) -> None:
    """Log lines go to standard error: coloured for a terminal, JSON for a machine."""
    level = logging.ERROR if quiet else logging.INFO
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    exceptions: list[structlog.typing.Processor] = [] if sys.stderr.isatty() else [structlog.processors.format_exc_info]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *exceptions,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(
        level=max(level, logging.WARNING), stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )


def print_rows(rows: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """Print rows as a table, or as one JSON array."""
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=2, default=str))
        return
    if not rows:
        print("nothing there")
        return
    table = Table(*rows[0], box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(escape(str(value)) for value in row.values()))  # "[http]" is no markup
    Console(width=None if sys.stdout.isatty() else 200).print(table)
