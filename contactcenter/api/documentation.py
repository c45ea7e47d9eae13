"""``/api/docs``: the OpenAPI document as a page to read. One file, no script, nothing from anywhere else."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

Json = dict[str, Any]

_FOLDER = Path(__file__).parent / "templates"
_STYLE = (_FOLDER / "documentation.css").read_text(encoding="utf-8")
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

PAGE_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy of the page: its one style sheet by its hash, and nothing else."""

_CODE = re.compile(r"`([^`]+)`")


def page(document: Json) -> str:
    """The document as HTML."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"kind": kind, "prose": prose, "pretty": _pretty}
    groups: dict[str, list[Json]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            groups[operation["tags"][0]].append({**operation, "method": method.upper(), "path": path})
    template = environment.get_template("documentation.html")
    return template.render(document=document, groups=groups, style=Markup(_STYLE))  # noqa: S704 - our own file  # nosec B704


def kind(schema: Json) -> Markup:
    """A schema in a few words, with links to what it refers to."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return Markup('<a href="#schema-{0}">{0}</a>').format(name)
    if "anyOf" in schema:
        return Markup(" or ").join(kind(part) for part in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return Markup(" | ").join(json.dumps(value) for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return Markup("list of {}").format(kind(schema.get("items", {})))
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return Markup("object of {}").format(kind(schema["additionalProperties"]))
    return escape(schema.get("format") or schema.get("contentEncoding") or schema.get("type", "anything"))


def prose(text: str) -> Markup:
    """Plain text with its ``code`` marked and its paragraphs kept."""
    paragraphs = [_CODE.sub(r"<code>\1</code>", str(escape(part))) for part in text.split("\n\n")]
    return Markup("".join(f"<p>{part}</p>" for part in paragraphs))  # noqa: S704 - every part is escaped  # nosec B704


def _pretty(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
