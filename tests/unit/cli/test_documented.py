"""The command line: every command has its help and stands in the README."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from contactcenter.cli.root import app

ROOT = typer.main.get_command(app)


def commands(command: object, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    children = getattr(command, "commands", {})
    found = [path] if not children else []
    for name, child in children.items():
        if not child.hidden:
            found += commands(child, (*path, name))
    return found


@pytest.mark.parametrize("path", commands(ROOT), ids=" ".join)
def test_a_command_explains_itself_and_stands_in_the_readme(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, [*path, "--help"])
    assert result.exit_code == 0
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    assert f"contactcenter {' '.join(path)}" in readme


def test_a_wrong_option_is_a_usage_error() -> None:
    assert CliRunner().invoke(app, ["serve", "--role", "king"]).exit_code == 2
