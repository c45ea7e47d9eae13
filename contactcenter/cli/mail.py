"""`contactcenter mail …`: what the e-mail channel makes of mail files. No database is needed to parse."""

from __future__ import annotations

import json
import mailbox
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import track

from contactcenter.channels.email.authentication import evaluate
from contactcenter.channels.email.json_lines import to_json, unreadable
from contactcenter.channels.email.mime import read_mail
from contactcenter.triage.language import detect

app = typer.Typer(help="Read mail files.", no_args_is_help=True)


@app.callback()
def _mail() -> None:
    """Read mail files."""


@app.command()
def parse(
    paths: Annotated[list[Path], typer.Argument(help="Mail files (.eml), folders of them, Maildirs or mbox files.")],
    jsonl: Annotated[
        bool, typer.Option("--jsonl", "--json", help="One JSON object a line instead of a short list.")
    ] = False,
    authserv_id: Annotated[
        list[str] | None, typer.Option(help="Believe the Authentication-Results of this server (may be repeated).")
    ] = None,
) -> None:
    """Show what the e-mail channel makes of mails: sender, text, visible reply, files, kind, bounced recipients.

    A mail that cannot be read still gives a line with its warnings. Exit code 1 when a path does not exist.
    """
    missing = [path for path in paths if not path.exists()]
    for path in missing:
        typer.echo(f"{path}: no such file or folder", err=True)
    found: Any = _mails([path for path in paths if path.exists()])
    if sys.stderr.isatty() and not sys.stdout.isatty():
        found = track(found, description="mails", console=Console(stderr=True))
    for name, raw in found:
        _show(_described(name, raw, tuple(authserv_id or ())), jsonl)
    if missing:
        raise typer.Exit(1)


def _mails(paths: list[Path]) -> Iterator[tuple[str, bytes | None]]:
    """Name and raw bytes of every mail below the paths; None where a file cannot be read."""
    for path in paths:
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in files:
            try:
                raw = file.read_bytes()
            except OSError:
                yield str(file), None
                continue
            if _is_mbox(file, raw):
                yield from _from_mbox(file)
            else:
                yield str(file), raw


def _is_mbox(file: Path, raw: bytes) -> bool:
    """Whether a file holds mails one behind the other: by its name, or by a second "From " line."""
    if file.suffix.lower() == ".eml" or not raw.startswith(b"From "):
        return False
    return file.suffix.lower() in (".mbox", ".mbx", "") or b"\n\nFrom " in raw


def _from_mbox(file: Path) -> Iterator[tuple[str, bytes]]:
    """Return the mails of an mbox file, named path:1, path:2 and so on."""
    box = mailbox.mbox(file, create=False)
    try:
        for number, key in enumerate(box.iterkeys(), start=1):
            yield f"{file}:{number}", box.get_bytes(key)
    finally:
        box.close()


def _described(name: str, raw: bytes | None, trusted: tuple[str, ...]) -> dict[str, Any]:
    """Return the JSON object of one mail, whatever happens."""
    if raw is None:
        return unreadable(name, "the file cannot be read")
    try:
        mail = read_mail(raw)
        domain = "" if mail.ambiguous_sender else mail.from_.domain
        return to_json(name, mail, detect(mail.visible_text), evaluate(mail.auth_results, domain, trusted))
    except Exception as error:  # noqa: BLE001 - the promise of the command: a line for every mail, never a traceback
        return unreadable(name, f"{type(error).__name__}: {error}")


def _show(record: dict[str, Any], jsonl: bool) -> None:
    """Print one mail."""
    if jsonl:
        typer.echo(json.dumps(record, ensure_ascii=False))
        return
    sender = record.get("from") or {}
    typer.echo(f"{record['path']}: {record['kind']}, {sender.get('name', '')} <{sender.get('address', '')}>")
    typer.echo(f"  {record.get('subject', '')}")
    for line in str(record.get("visible_text", "")).splitlines()[:8]:
        typer.echo(f"  | {line}")
    for file in record.get("attachments", []):
        typer.echo(f"  + {file['filename']} ({file['content_type']}, {file['size']} bytes)")
    for warning in record["warnings"]:
        typer.echo(f"  ! {warning}")
