"""`contactcenter triage …`: understand texts, train models, measure them. No database is needed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, TextColumn

from contactcenter import clock
from contactcenter.cli.terminal import JsonOption, print_rows
from contactcenter.errors import InvalidInput
from contactcenter.settings import data_directory, load
from contactcenter.triage.assessment import Assessment, TriageInput

if TYPE_CHECKING:
    from contactcenter.triage.assess import Assessor
    from contactcenter.triage.corpus import Corpus
    from contactcenter.triage.features import Encoder
    from contactcenter.triage.registry import TrainedModel

DEFAULT_MODEL = "triage-service"
SUGGEST_FROM = 0.5
"""Probability of the category from which ``assess`` says "suggest"."""

_BATCH = 32

_FLATTERING = 0.01
"""Share of rows the encoder was taught with that is worth a word: somebody else may have written "hello" before."""

app = typer.Typer(help="Understanding: assess, train, evaluate.", no_args_is_help=True)

ModelOption = Annotated[
    str, typer.Option("--model", help="A shipped name, a name in the data directory's models/, or a path.")
]
DataDirectoryOption = Annotated[
    Path | None,
    typer.Option("--data", envvar="CONTACTCENTER_DATA", help="Data directory to look for the model in."),
]
TableOption = Annotated[
    Path,
    typer.Option("--data", help="A CSV file, or a corpus folder (see the README of models/triage-service)."),
]
TextOption = Annotated[str, typer.Option("--text", help="Column with the text.")]
LabelOption = Annotated[str, typer.Option("--label", help="Column with the category.")]
LanguageOption = Annotated[
    str | None, typer.Option("--language", help="Column with the language (en, zh, other); detected when not given.")
]


@dataclass(frozen=True, slots=True)
class _Line:
    """One message of the input, or why a line of it is none."""

    id: str
    message: TriageInput | None
    fault: str = ""


@app.callback()
def _triage() -> None:
    """Understanding: assess, train, evaluate."""


@app.command()
def assess(
    source: Annotated[str, typer.Argument(metavar="[-]", help="A file, or - for standard input.")] = "-",
    model: ModelOption = DEFAULT_MODEL,
    data: DataDirectoryOption = None,
    as_json: Annotated[bool, typer.Option("--json", hidden=True)] = True,
) -> None:
    """Print what triage says about a text, or about each of many JSON lines, as one JSON object a line.

    Input is one text, or lines {"id", "text", "subject"?, "received_at"?}. The decision is "suggest" where the category
    has a probability of 0.5 or more in English or Chinese and the message is no complaint, else "route"; without a
    database nothing is ever answered. A line that cannot be read is named on standard error and gives exit code 1.
    """
    del as_json
    from contactcenter.triage import places
    from contactcenter.triage.assess import Assessor

    # A lone surrogate leaves as a JSON escape.
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    lines = _read(source)
    directory = data_directory(data)
    numbers = load(directory).triage.numbers
    assessor = Assessor.load(places.find(model, directory), directory, numbers)
    faults = 0
    while batch := list(islice(lines, _BATCH)):
        faults += _print_batch(assessor, batch)
    if faults:
        raise typer.Exit(1)


def _read(source: str) -> Iterator[_Line]:
    """The messages of the input: JSON lines when the first one is an object with a text, else one text."""
    if source == "-":
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
        lines: Iterator[str] = iter(sys.stdin)
    else:
        try:
            lines = iter(Path(source).read_text(encoding="utf-8", errors="replace").splitlines(keepends=True))
        except OSError as error:
            raise InvalidInput(f"{source}: {error.strerror}") from error
    first = next((line for line in lines if line.strip()), None)
    if first is None:
        print("contactcenter: nothing to assess on standard input", file=sys.stderr)
        raise typer.Exit(2)
    if _parsed(1, first).message is not None:
        return (_parsed(number, line) for number, line in enumerate(chain([first], lines), 1) if line.strip())
    return iter([_Line(clock.new_id(), TriageInput("".join(chain([first], lines)).strip(), "", clock.now()))])


def _parsed(number: int, line: str) -> _Line:
    """A JSON line as a message."""
    try:
        record = json.loads(line)
        text, subject = record["text"], record.get("subject") or ""
        moment = datetime.fromisoformat(record["received_at"]) if record.get("received_at") else clock.now()
        return _Line(str(record.get("id", number)), TriageInput(_string(text), _string(subject), moment))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        return _Line(str(number), None, f"line {number}: {type(error).__name__}: {error}")


def _string(value: object) -> str:
    if isinstance(value, str):
        return value
    raise TypeError("text and subject are strings")


def _print_batch(assessor: Assessor, batch: Sequence[_Line]) -> int:
    """Print the assessments of the readable lines; the number of unreadable ones."""
    readable = [(line.id, line.message) for line in batch if line.message is not None]
    assessments = assessor.assess([message for _, message in readable])
    for (identifier, _), assessment in zip(readable, assessments, strict=True):
        print(json.dumps(_record(identifier, assessment), ensure_ascii=False), flush=True)
    faults = [line.fault for line in batch if line.message is None]
    for fault in faults:
        print(f"contactcenter: {fault}", file=sys.stderr)
    return len(faults)


def _record(identifier: str, assessment: Assessment) -> dict[str, Any]:
    """The object of one message, in the documented order."""
    record = {"id": identifier, **assessment.to_json(), "answer": None, "decision": _decision(assessment)}
    for last in ("why", "model"):
        record[last] = record.pop(last)
    return record


def _decision(assessment: Assessment) -> str:
    from contactcenter.triage.scoring import OUTSIDE

    known = assessment.category.label not in OUTSIDE and assessment.language != "other"
    sure = known and assessment.category.probability >= SUGGEST_FROM
    return "suggest" if sure and not assessment.complaint.is_complaint else "route"


@app.command()
def train(
    data: TableOption,
    out: Annotated[Path, typer.Option("--out", help="Folder to publish the model in; its name is the model's.")],
    text: TextOption = "text",
    label: LabelOption = "category",
    language: LanguageOption = None,
    encoder: Annotated[
        str,
        typer.Option(
            help="An encoder's name or folder, `base` for the one that was taught no task, `none` for n-grams alone "
            "(default: encoder-en, unless most texts are Chinese)."
        ),
    ] = "",
    pace: Annotated[
        str,
        typer.Option(
            help="When words decide alone: `thorough`, only where that costs nothing, or `sparing`, with at most 0.3 "
            "points of accuracy lost."
        ),
    ] = "thorough",
    base: Annotated[
        str, typer.Option(help="Model that lends the heads the data has no labels for (urgency, mood, complaint).")
    ] = DEFAULT_MODEL,
    as_json: JsonOption = False,
) -> None:
    """Train categories from a CSV file, or all four heads from a corpus folder. Needs the extra `train`.

    The model before stays loadable in the folder `previous` below the new one.
    """
    from contactcenter.triage import registry

    training = _lesson(pace)
    corpus, lender = _corpus_and_base(data, text, label, language, base)
    with _progress_bar() as progress:
        trained = training.train(
            corpus,
            out.absolute().name,
            base=lender,
            encoder=_encoder(encoder, corpus),
            pace=pace,
            progress=progress,
        )
    registry.publish(trained, out)
    measured = trained.training["cross_validation"]
    if not as_json:
        print(f"{len(corpus.examples)} rows, cross-validated; published in {out}")
    _tell_of_flattery(trained)
    print_rows([{"head": head, **figures} for head, figures in measured.items()], as_json=as_json)


def _lesson(pace: str) -> ModuleType:
    """The training, at a pace it knows; raises :class:`InvalidInput` where it or what it needs is missing."""
    try:
        from contactcenter.triage import training
        from contactcenter.triage.calibration import PACES
    except ImportError as error:
        raise InvalidInput(f"{error}; install what training needs: pip install 'contactcenter[train]'") from error
    if pace not in PACES:
        raise InvalidInput(f"{pace}: one of {', '.join(PACES)}", field="pace")
    return training


def _tell_of_flattery(trained: TrainedModel) -> None:
    """Say where the figures are better than they would be on new texts."""
    known, rows = trained.training.get("rows_encoder_was_taught", 0), trained.training["rows"]
    if known >= _FLATTERING * rows:
        print(
            f"contactcenter: {trained.encoder} was taught with {known} of these rows, which flatters the figures; "
            "--encoder base knows none of them",
            file=sys.stderr,
        )


@contextmanager
def _progress_bar() -> Iterator[Callable[[str, float], None]]:
    """A bar on standard error that hears what is being done, where that is a terminal."""
    with Progress(TextColumn("{task.description}"), *Progress.get_default_columns()[1:], console=Console(stderr=True),
                  disable=not sys.stderr.isatty(), transient=True) as bar:  # fmt: skip
        task = bar.add_task("training", total=1.0)
        yield lambda step, share: bar.update(task, description=step, completed=share)


def _encoder(name: str, corpus: Corpus) -> Encoder:
    """The encoder asked for; without a wish the shipped one, which reads English."""
    from contactcenter.triage import places
    from contactcenter.triage.encoder import shared
    from contactcenter.triage.features import NoEncoder

    if not name:
        chinese = sum(example.language == "zh" for example in corpus.examples)
        name = "none" if 2 * chinese > len(corpus.examples) else places.DEFAULT_ENCODER
    return NoEncoder() if name == "none" else shared(places.find_encoder(name, data_directory(None)))


def _corpus_and_base(
    data: Path, text: str, label: str, language: str | None, base: str
) -> tuple[Corpus, TrainedModel | None]:
    """What to train from, and the model that lends heads when the data is about categories alone."""
    from contactcenter.triage import corpus, places, registry

    if data.is_dir():
        return corpus.read_folder(data, corpus.TRAIN), None
    table = corpus.read_table(data, text, label, language)
    return table, registry.load(places.find(base, data_directory(None)))


@app.command()
def evaluate(
    data: TableOption,
    model: ModelOption = DEFAULT_MODEL,
    text: TextOption = "text",
    label: LabelOption = "category",
    language: LanguageOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the whole report to this JSON file.")] = None,
    card: Annotated[
        Path | None, typer.Option("--card", help="Write the figures into the card (README.md) in this folder.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure a model on labelled data: categories of a CSV file, or all heads on a corpus folder's test rows."""
    from contactcenter.triage import corpus, evaluation, places, registry

    place = places.find(model, data_directory(None))
    trained = registry.load(place)
    if card is not None:
        _write_card(card, trained, place, data)
    folder = data.is_dir()
    labelled = corpus.read_folder(data, corpus.TEST) if folder else corpus.read_table(data, text, label, language)
    report = evaluation.evaluate(trained, labelled, registry.encoder_of(trained, place, data_directory(None)))
    rendered = json.dumps(report, ensure_ascii=False, indent=2)
    if out is not None:
        out.write_text(rendered + "\n", encoding="utf-8")
    if as_json:
        print(rendered)
    else:
        print_rows(_summary(report), as_json=False)


def _write_card(card: Path, trained: TrainedModel, place: Path, data: Path) -> None:
    """Measure each file's test rows on their own and put the figures into a model's card."""
    from contactcenter.triage import card as cards
    from contactcenter.triage import corpus, evaluation, registry

    if not data.is_dir():
        raise InvalidInput("a card needs a corpus folder")
    encoder = registry.encoder_of(trained, place, data_directory(None))
    tests = corpus.read_tests(data)
    cards.write(card, {name: evaluation.evaluate(trained, rows, encoder) for name, rows in tests.items()})


def _summary(report: dict[str, Any]) -> list[dict[str, Any]]:
    """The figures of each head, overall and for each language, as rows."""
    rows = []
    for name, head in report["heads"].items():
        for language, figures in {"all": head, **head["languages"]}.items():
            keys = ("rows", "accuracy", "macro_f1", "ece")
            rows.append({"head": name, "language": language, **{key: figures[key] for key in keys}})
    return rows
