"""``knowledge``."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from contactcenter.app.database import open_store
from contactcenter.app.meaning import meaning_attached
from contactcenter.cli.terminal import DataOption, JsonOption, print_rows
from contactcenter.errors import InvalidInput
from contactcenter.knowledge import articles, retrieval, understanding
from contactcenter.knowledge.questions import read_questions
from contactcenter.settings import data_directory, load

app = typer.Typer(no_args_is_help=True)

DEFAULT_MODEL = "triage-service"


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
    language: Annotated[
        str, typer.Option(help="en or zh: articles of this language, others where it has none (default: any).")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=50, help="Articles shown.")] = 5,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show which published articles answer a question, best first, by words and by meaning; scores from 0 to 1."""
    print_rows(asyncio.run(_search(data_directory(data), question, language, limit)), as_json=as_json)


@app.command()
def calibrate(
    questions: Annotated[
        Path, typer.Argument(help="JSON lines: text, language, and the key of the article that answers it, or null.")
    ],
    file: Annotated[
        Path | None, typer.Option("--articles", help="As `export` writes them (default: the starter articles).")
    ] = None,
    model: Annotated[str, typer.Option(help="The triage model that names the categories.")] = DEFAULT_MODEL,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Learn how words and meaning are mixed and what a score is worth, from one half of questions; test on the other.

    Prints the weights and, for the shipped and the learned ones, how many questions would be answered, and how wrongly.
    """
    from contactcenter.app.calibrating import calibrated

    entries = articles.starter_articles() if file is None else _entries(file)
    home = None if data is None else data_directory(data)
    learned, rows = calibrated(entries, read_questions(questions), model, home)
    if not as_json:
        print("\n".join(learned))
    print_rows(rows, as_json=as_json)


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


async def _search(data: Path, question: str, language: str, limit: int) -> list[dict[str, Any]]:
    async with open_store(load(data)) as (store, _server):
        with meaning_attached(store, data):
            await understanding.fill(store, wake=True)
            async with store.read() as uow:
                hits = await retrieval.search(
                    uow,
                    question,
                    language=language or None,
                    audience=[audience.value for audience in articles.Audience],
                    limit=limit,
                    others=True,
                )
    return [
        {
            "score": round(hit.score, 3),
            "key": hit.article.key,
            "language": hit.article.language,
            "title": hit.article.title,
        }
        for hit in hits
    ]
