"""``init``, ``serve`` and ``doctor``."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer

from contactcenter.app import setup
from contactcenter.app.dns_records import records_to_set
from contactcenter.cli.terminal import DataOption, JsonOption, configure_logging, print_rows
from contactcenter.settings import data_directory, load


def init(
    data: DataOption = None,
    email: Annotated[str, typer.Option(help="E-mail of the first administrator.")] = "admin@desk.example",
    name: Annotated[str, typer.Option(help="Name of the first administrator.")] = "Administrator",
) -> None:
    """Write contactcenter.toml, create the database and the first administrator (prints a one-time link)."""
    directory = data_directory(data)
    written = setup.write_settings(directory)
    print(f"settings: {written.path} ({'written' if written.new else 'kept as it was'})")
    link = asyncio.run(setup.first_administrator(load(directory), email, name))
    if link is None:
        print("there is an administrator already; a password is reset on the sign-in page")
    else:
        print(f"administrator {email}: set a password within 24 hours at\n{link}")


def serve(
    data: DataOption = None,
    role: Annotated[str, typer.Option(help="all, web, mail or worker.")] = "all",
    workers: Annotated[int, typer.Option(min=1, max=64, help="Worker processes of role all.")] = 1,
    until_eof: Annotated[bool, typer.Option("--until-eof", hidden=True)] = False,
) -> None:
    """Run the service; prints one line "ready …" when every door is open. Ctrl-C or SIGTERM ends everything."""
    from contactcenter.app.serve import ROLES
    from contactcenter.app.serve import serve as run

    if role not in ROLES:
        raise typer.BadParameter(f"one of {', '.join(ROLES)}", param_hint="--role")
    configure_logging()
    settings = load(data_directory(data))
    asyncio.run(run(settings, role, workers, lambda line: print(line, flush=True), until_eof=until_eof))


def doctor(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Check settings, database, models, mail, DNS records and Twilio, and say how to mend each."""
    findings = setup.diagnose(data_directory(data))
    rows = [{"check": f.check, "state": f.state, "detail": f.detail, "mend": f.mend} for f in findings]
    if as_json:
        print_rows([{**row, "record": f.record} for row, f in zip(rows, findings, strict=True)], as_json=True)
    else:
        print_rows(rows, as_json=False)
        if records := records_to_set(findings):
            print("\nDNS records of your mailboxes' domains:", *records, sep="\n")
    sys.exit(1 if any(finding.state == "broken" for finding in findings) else 0)
