"""``db``, ``backup`` and ``restore``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contactcenter.app.database import database_server, migrated_database
from contactcenter.cli.terminal import DataOption, JsonOption, print_rows
from contactcenter.settings import data_directory, load
from contactcenter.store import archive, migrate

app = typer.Typer(no_args_is_help=True)


@app.command()
def upgrade(data: DataOption = None) -> None:
    """Bring the database to this release."""
    with migrated_database(load(data_directory(data))) as (url, _server):
        print(f"database is at revision {migrate.status(url)[0]}")


@app.command()
def status(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show the revision the database has, and the one this release wants."""
    with database_server(load(data_directory(data))) as (url, _server):
        current, wanted = migrate.status(url)
    print_rows(
        [{"current": current or "empty", "wanted": wanted, "upgrade_needed": current != wanted}], as_json=as_json
    )


def backup(file: Annotated[Path, typer.Argument(help="Archive to write (.tar).")], data: DataOption = None) -> None:
    """Write database, files and keys into one archive; the service may go on running."""
    settings = load(data_directory(data))
    with migrated_database(settings) as (url, server):
        count = archive.backup(url, settings.data, file, server)
    print(f"{file}: database and {count} files")


def restore(
    file: Annotated[Path, typer.Argument(help="Archive that `backup` wrote.", exists=True)], data: DataOption = None
) -> None:
    """Fill an empty data directory's database from an archive; refuses to overwrite messages."""
    settings = load(data_directory(data))
    with database_server(settings) as (url, server):
        count = archive.restore(url, settings.data, file, server)
        migrate.upgrade(url)
    print(f"restored the database and {count} files from {file}")
