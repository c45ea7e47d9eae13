"""`contactcenter mail …`: what the e-mail channel makes of mail files (no database is needed), and taking them in."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn, track

from contactcenter.app.database import open_store
from contactcenter.app.dns_records import dkim_line
from contactcenter.app.mail_import import ImportReport, MailImport
from contactcenter.channels.email.authentication import evaluate
from contactcenter.channels.email.json_lines import to_json, unreadable
from contactcenter.channels.email.mail_files import FiledMail, filed_mails, mail_files
from contactcenter.channels.email.mime import read_mail
from contactcenter.channels.email.trust.domains import ascii_domain
from contactcenter.channels.email.trust.signing import key_record, make_key
from contactcenter.cli.terminal import DataOption, JsonOption, print_rows
from contactcenter.settings import data_directory, load
from contactcenter.triage.language import detect

app = typer.Typer(help="Read mail files, or take them in.", no_args_is_help=True)


class KeyKind(StrEnum):
    """What a signing key can be."""

    RSA = "rsa"
    ED25519 = "ed25519"


@app.callback()
def _mail() -> None:
    """Read mail files, or take them in."""


PathsArgument = Annotated[
    list[Path], typer.Argument(help="Mail files (.eml), folders of them, Maildirs or mbox files.")
]


@app.command()
def parse(
    paths: PathsArgument,
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
    found, missing = _present(paths)
    mails: Iterable[FiledMail] = filed_mails(mail_files(found))
    if sys.stderr.isatty() and not sys.stdout.isatty():
        mails = track(mails, description="mails", console=Console(stderr=True))
    for mail in mails:
        _show(_described(mail.name, mail.raw, tuple(authserv_id or ())), jsonl)
    if missing:
        raise typer.Exit(1)


@app.command("import")
def import_(
    paths: PathsArgument,
    mailbox: Annotated[str, typer.Option(help="The mailbox of ours that the mails were sent to.")],
    answer: Annotated[
        bool, typer.Option("--answer", help="Let the machine answer them, as if they came in now.")
    ] = False,
    closed: Annotated[
        bool, typer.Option("--closed", help="Take them in as history: their tickets are closed at once.")
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take old mail in. Nothing is answered automatically unless --answer is given.

    It may be broken off and run again: mails that are there already are passed over, those written by ourselves are
    left out. Exit code 1 when a path does not exist or a mail could not be taken in.
    """
    found, missing = _present(paths)
    files = mail_files(found)
    report = asyncio.run(_import(data_directory(data), files, mailbox, answer=answer, closed=closed))
    rows = {"taken in": report.taken, "there already": report.known, "written by ourselves": report.ours}
    print_rows([{**rows, "left out": len(report.left_out)}], as_json=as_json)
    for name, reason in report.left_out.items():
        typer.echo(f"{name} {reason}", err=True)
    if missing or report.left_out:
        raise typer.Exit(1)


async def _import(data: Path, files: list[Path], mailbox: str, *, answer: bool, closed: bool) -> ImportReport:
    settings = load(data)
    total = sum(file.stat().st_size for file in files)
    columns = (TextColumn("taking mail in"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    async with open_store(settings) as (store, _server):
        with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
            task = bar.add_task("", total=total)
            taking = MailImport(settings, store, mailbox, answer=answer, closed=closed)
            return await taking.run(filed_mails(files), lambda size: bar.advance(task, size))


@app.command("dkim-key")
def dkim_key(
    domain: Annotated[str, typer.Argument(help="The domain whose mail is to be signed, as desk.example.")],
    selector: Annotated[str, typer.Option(help="Name of the key in the DNS; a new one for a new key.")] = "desk",
    kind: Annotated[KeyKind, typer.Option(help="rsa is understood everywhere.")] = KeyKind.RSA,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the key that signs outgoing mail of a domain (DKIM), and print its DNS record and the settings for it.

    A key that is there already is kept and shown again.
    """
    name, label = ascii_domain(domain), selector.lower()
    if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", name):
        raise typer.BadParameter("no name of a domain", param_hint="DOMAIN")
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", label):
        raise typer.BadParameter("letters, digits and hyphens", param_hint="--selector")
    path = Path("keys") / f"{label}.{name}.pem"
    record = dkim_line(name, label, key_record(make_key(data_directory(data) / path, kind.value)))
    if as_json:
        shown = {"domain": name, "selector": label, "private_key_file": str(path), "record": record}
        typer.echo(json.dumps(shown, ensure_ascii=False))
        return
    typer.echo(f"1. Set this DNS record, and wait until `contactcenter doctor` sees it:\n{record}\n")
    typer.echo(f'2. Add to contactcenter.toml and start the service again:\n[[outgoing.dkim]]\ndomain = "{name}"')
    typer.echo(f'selector = "{label}"\nprivate_key_file = "{path}"')


def _present(paths: list[Path]) -> tuple[list[Path], list[Path]]:
    """The paths that exist, and those that do not, which are told."""
    missing = [path for path in paths if not path.exists()]
    for path in missing:
        typer.echo(f"{path}: no such file or folder", err=True)
    return [path for path in paths if path not in missing], missing


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
