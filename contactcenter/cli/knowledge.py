"""``knowledge``."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from contactcenter.app.database import open_store
from contactcenter.cli.terminal import DataOption, JsonOption, print_rows
from contactcenter.errors import InvalidInput
from contactcenter.knowledge import articles, retrieval
from contactcenter.settings import data_directory, load

app = typer.Typer(no_args_is_help=True)


@app.callback()
def knowledge() -> None:
    """Articles."""


@app.command("import")
def import_(
    file: Annotated[
        Path | None,
        typer.Argument(help="JSON lines, as `export` writes them (default: the starter articles, as drafts)."),
    ] = None,
    data: DataOption = None,
) -> None:
    """Add articles whose key is free in their language."""
    entries = articles.starter_articles() if file is None else _entries(file)
    count = asyncio.run(_import(data_directory(data), entries, "draft" if file is None else None))
    print(f"added {count} of {len(entries)} articles")


@app.command()
def export(data: DataOption = None) -> None:
    """Print every article as a JSON line."""
    for entry in asyncio.run(_export(data_directory(data))):
        print(json.dumps(entry, ensure_ascii=False))


@app.command()
def search(
    question: Annotated[str, typer.Argument(help="What a customer might write.")],
    language: Annotated[str, typer.Option(help="en or zh (default: any).")] = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show which published articles answer a question, and how well."""
    print_rows(asyncio.run(_search(data_directory(data), question, language)), as_json=as_json)


def _entries(file: Path) -> list[dict[str, Any]]:
    try:
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{file}: {error}") from error


async def _import(data: Path, entries: list[dict[str, Any]], status: str | None) -> int:
    async with open_store(load(data)) as (store, _server), store.transaction() as uow:
        return await articles.import_articles(uow, entries, status)


async def _export(data: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    async with open_store(load(data)) as (store, _server), store.read() as uow:
        cursor: str | None = ""
        while cursor is not None:
            page = await articles.list_articles(uow, cursor=cursor, limit=200)
            found += [articles.as_entry(article) for article in page.items]
            cursor = page.next_cursor
    return found


async def _search(data: Path, question: str, language: str) -> list[dict[str, Any]]:
    async with open_store(load(data)) as (store, _server), store.read() as uow:
        hits = await retrieval.search(uow, question, language=language or None, audience=("public", "verified"))
    return [
        {
            "score": round(hit.score, 3),
            "key": hit.article.key,
            "language": hit.article.language,
            "title": hit.article.title,
        }
        for hit in hits
    ]
