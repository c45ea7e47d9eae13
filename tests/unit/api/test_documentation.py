"""The documentation page: everything on it, nothing from elsewhere."""

import base64
import hashlib
import re

from contactcenter.api.api import OPERATIONS
from contactcenter.api.documentation import PAGE_POLICY, kind, page, prose
from contactcenter.api.openapi import document

PAGE = page(document(OPERATIONS))


def test_every_operation_is_on_it():
    assert [one.name for one in OPERATIONS if f'id="{one.name}"' not in PAGE] == []


def test_it_needs_nothing_from_elsewhere_and_runs_nothing():
    assert not re.search(r"<(script|img|iframe|link|form)\b|https?://|\son\w+=|\sstyle=", PAGE)


def test_its_policy_allows_its_one_style_sheet_and_nothing_else():
    (style,) = re.findall(r"<style>(.*?)</style>", PAGE, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in PAGE_POLICY
    assert "default-src 'none'" in PAGE_POLICY
    assert "unsafe" not in PAGE_POLICY


def test_every_link_within_the_page_leads_somewhere():
    ids = set(re.findall(r'id="([^"]+)"', PAGE))
    assert set(re.findall(r'href="#([^"]+)"', PAGE)) <= ids


def test_descriptions_are_escaped():
    assert prose("`<b>` & <script>\n\nx") == "<p><code>&lt;b&gt;</code> &amp; &lt;script&gt;</p><p>x</p>"


def test_a_schema_is_named_in_a_few_words():
    assert kind({"anyOf": [{"type": "integer"}, {"type": "null"}]}) == "integer or null"
    assert kind({"type": "array", "items": {"type": "string"}}) == "list of string"
    assert "schema-X" in kind({"$ref": "#/components/schemas/X"})
