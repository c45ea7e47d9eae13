"""``customers``."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from contactcenter.app.database import open_store
from contactcenter.cli.terminal import DataOption
from contactcenter.customers import merging
from contactcenter.settings import data_directory, load

app = typer.Typer(no_args_is_help=True)

CustomerArgument = Annotated[str, typer.Argument(help="Id of a customer (the last part of his page's address).")]


@app.callback()
def customers() -> None:
    """Customers."""


@app.command()
def merge(
    source: CustomerArgument,
    target: CustomerArgument,
    data: DataOption = None,
) -> None:
    """Make everything of one customer another's; prints the id that `unmerge` takes."""
    print(asyncio.run(_merge(data_directory(data), source, target)))


@app.command()
def unmerge(
    merge_id: Annotated[str, typer.Argument(metavar="M", help="Id that `merge` printed.")], data: DataOption = None
) -> None:
    """Take a merge back."""
    asyncio.run(_unmerge(data_directory(data), merge_id))
    print("taken back")


async def _merge(data: Path, source: str, target: str) -> str:
    async with open_store(load(data)) as (store, _server), store.transaction() as uow:
        return (await merging.merge(uow, "", source, target)).id


async def _unmerge(data: Path, merge_id: str) -> None:
    async with open_store(load(data)) as (store, _server), store.transaction() as uow:
        await merging.unmerge(uow, "", merge_id)
