"""``bench``."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from contactcenter.cli.terminal import JsonOption, print_rows

app = typer.Typer(no_args_is_help=True)


@app.callback()
def bench() -> None:
    """Reproducible measurements."""


@app.command()
def intake(
    corpus: Annotated[Path | None, typer.Option(help="Folder of .eml files (default: a corpus made here).")] = None,
    mails: Annotated[int, typer.Option(min=1, help="Size of the corpus made here.")] = 500,
    connections: Annotated[list[int] | None, typer.Option(help="SMTP connections; may be given several times.")] = None,
    recipient: Annotated[str, typer.Option(help="Our address in the corpus.")] = "support@desk.example",
    as_json: JsonOption = False,
) -> None:
    """Mail in by SMTP until every ticket exists and every receipt is at the sink; speed, cost, memory, threading."""
    from contactcenter.bench.corpus import make_corpus, read_corpus
    from contactcenter.bench.intake import run_intake
    from contactcenter.bench.machine import describe

    letters = read_corpus(corpus) if corpus else make_corpus(mails, recipient)
    rows = []
    for count in connections or [1, 8, 32]:
        result = asyncio.run(run_intake(letters, recipient, count))
        rows.append(
            {key: round(value, 2) if isinstance(value, float) else value for key, value in asdict(result).items()}
        )
    if not as_json:
        print(f"intake: {len(letters)} mails by SMTP, triage and receipts included, a fresh service for each row")
        print(f"machine: {describe()}")
    print_rows(rows, as_json=as_json)
