"""``bench``."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contactcenter.cli.terminal import JsonOption, print_rows, report_errors

if TYPE_CHECKING:
    from contactcenter.bench.parse import Growth, ParseResult

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


@app.command()
def parse(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Mails (.eml) and folders of them (default: a corpus made here).")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Times each mail is read; the cheapest counts.")] = 5,
    mails: Annotated[int, typer.Option(min=1, help="Size of the corpus made here.")] = 500,
    growth: Annotated[
        bool, typer.Option("--growth", help="Read patterns made to hurt at doubling sizes instead.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """CPU time of reading a mail, in process and confined to a child, beside the standard library's parser."""
    from contactcenter.bench.corpus import make_corpus
    from contactcenter.bench.machine import describe
    from contactcenter.bench.parse import OUR_ADDRESS, read_folders, run_growth, run_parse

    results: Sequence[ParseResult | Growth]
    if growth:
        what, results = "patterns at doubling sizes, CPU time of the reader in process", run_growth(rounds)
    else:
        with report_errors():
            found = read_folders(paths) if paths else [mail.raw for mail in make_corpus(mails, OUR_ADDRESS)]
        what = f"{len(found)} mails, the cheapest of {rounds} rounds each, CPU time of parent and child"
        results = run_parse(found, rounds)
    if not as_json:
        print(f"parse: {what}")
        print(f"machine: {describe()}")
    print_rows([_rounded(asdict(result)) for result in results], as_json=as_json)


def _rounded(row: Mapping[str, object]) -> dict[str, object]:
    """The row with its fractions cut to what was measured."""
    return {key: round(value, 3) if isinstance(value, float) else value for key, value in row.items()}
