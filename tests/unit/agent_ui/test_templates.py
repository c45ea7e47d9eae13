"""Rules every template keeps: nothing inline that the console's policy would refuse, every form with its proof."""

import re
from pathlib import Path

import pytest

from contactcenter.agent_ui import rendering
from contactcenter.agent_ui.rendering import Renderer
from contactcenter.agent_ui.static_files import StaticFiles

TEMPLATES = sorted(rendering.TEMPLATES.rglob("*.html"))
PUBLIC_FORMS = {"/", "/language", "/password", "/password/forgotten"}


def name(path: Path) -> str:
    return str(path.relative_to(rendering.TEMPLATES))


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_a_template_compiles_and_has_no_inline_script_style_or_handler(path):
    Renderer(StaticFiles())._environments["en"].get_template(name(path))
    source = path.read_text(encoding="utf-8")
    assert not re.search(r"<[^>]+\sstyle=", source)
    assert not re.search(r"<[^>{]+\son[a-z]+=", source)
    assert "hx-on" not in source
    assert not re.search(r"<style|javascript:", source)
    assert not re.search(r"<script(?![^>]*(?:src=|type=\"application/json\"))", source)


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_a_plain_form_that_posts_carries_the_token(path):
    source = path.read_text(encoding="utf-8")
    for form in re.findall(r'<form[^>]*method="post".*?</form>', source, re.DOTALL):
        action = re.search(r'action="([^"]*)"', form)
        if action is None or action[1] not in PUBLIC_FORMS:
            proven = 'name="csrf"' in form or "proof()" in form or 'name="seal"' in form  # of a view, not of a session
            assert proven or "password" in name(path), form[:120]


CLEANED = {
    "sheet.html",  # a page of its own in a sandboxed frame
    "knowledge/article.html",  # Markdown of ours, cleaned by knowledge.rendering
    "knowledge/editor.html",
    "admin/answer.html",
    "fragments/composer.html",  # signatures: the same
    "fragments/preview.html",
    "help/article.html",
}


def test_markup_is_written_unescaped_only_where_it_was_cleaned():
    unescaped = {name(path) for path in TEMPLATES if re.search(r"\|\s*safe\b", path.read_text(encoding="utf-8"))}
    assert unescaped == CLEANED
