"""``bench``."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contactcenter.cli.terminal import JsonOption, print_rows, report_errors
from contactcenter.errors import InvalidInput

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
    rounds: Annotated[
        int | None, typer.Option(min=1, help="Times each mail is read, the cheapest counts: 20, or 10 for --growth.")
    ] = None,
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
        what, results = "patterns at doubling sizes, CPU time of the reader in process", run_growth(rounds or 10)
    else:
        with report_errors():
            found = read_folders(paths) if paths else [mail.raw for mail in make_corpus(mails, OUR_ADDRESS)]
        rounds = rounds or 20
        what = f"{len(found)} mails, the cheapest of {rounds} rounds each, CPU time of parent and child"
        results = run_parse(found, rounds)
    if not as_json:
        print(f"parse: {what}")
        print(f"machine: {describe()}")
    print_rows([_rounded(asdict(result)) for result in results], as_json=as_json)


@app.command()
def retrieval(
    faq: Annotated[
        Path | None, typer.Option(help="JSON of questions, answers and rephrased questions, as StackFAQ has it.")
    ] = None,
    questions: Annotated[
        list[Path] | None, typer.Option(help="JSON lines of text, language, key (of a starter article).")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Does a question find its article, in its own language and in the other? The real search, a fresh database.

    Where TRAINING_DATA_DIR names a folder with stackfaq/stackfaq.json, that is asked too.
    """
    from contactcenter.bench.machine import describe
    from contactcenter.bench.retrieval import faq_trial, run_retrieval, starter_trials

    around = Path(os.environ.get("TRAINING_DATA_DIR", ""), "stackfaq", "stackfaq.json")
    with report_errors():
        trials = starter_trials(questions or [])
        if faq or around.is_file():
            trials.append(faq_trial(faq or around))
        outcomes = asyncio.run(run_retrieval(trials))
    if not as_json:
        print(f"machine: {describe()}")
    print_rows([_rounded(asdict(outcome)) for outcome in outcomes], as_json=as_json)


@app.command()
def triage(
    corpus: Annotated[
        Path | None, typer.Option(help="Corpus folder to train on and to read (default: the starter model's).")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Times everything is assessed; the cheapest counts.")] = 3,
    as_json: JsonOption = False,
) -> None:
    """CPU time of understanding a message, with the encoder and where words alone decide; start and memory too.

    Trains a model first (about two CPU minutes); needs the extra `train`.
    """
    from contactcenter.bench.machine import describe
    from contactcenter.bench.triage import run_triage
    from contactcenter.triage import places

    with report_errors():
        costs, starts = run_triage(corpus or places.find(places.DEFAULT_MODEL) / "corpus", rounds)
    if not as_json:
        print("triage: CPU ms a message, one at a time and 32 together, one thread")
        print(f"machine: {describe()}")
    print_rows([_rounded(asdict(cost)) for cost in costs], as_json=as_json)
    print_rows([_rounded(asdict(start)) for start in starts], as_json=as_json)


@app.command()
def selective(
    data: Annotated[
        Path | None, typer.Option(envvar="TRAINING_DATA_DIR", help="Folder with banking77/ and clinc150/.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Answers where 98 % right was asked, among 18 % strangers: whether it is kept, and how many get an answer.

    Trains two models first (about four CPU minutes); needs the extra `train`.
    """
    from contactcenter.bench.selective import read_questions, run_selective
    from contactcenter.triage import places
    from contactcenter.triage.encoder import shared

    with report_errors():
        if data is None:
            raise InvalidInput("name the folder of the training data with --data or TRAINING_DATA_DIR")
        # The other encoder was taught with rows of these tables: it would flatter.
        encoder = shared(places.find_encoder(places.BASE_ENCODER))
        results = [row for questions in read_questions(data) for row in run_selective(questions, encoder)]
    print_rows([_rounded(asdict(result)) for result in results], as_json=as_json)


def _rounded(row: Mapping[str, object]) -> dict[str, object]:
    """The row with its fractions cut to what was measured."""
    return {key: round(value, 3) if isinstance(value, float) else value for key, value in row.items()}
