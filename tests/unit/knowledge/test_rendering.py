"""Texts on their way out: variables by name, nothing evaluated, markup that cannot hurt."""

import pytest

from contactcenter.knowledge.answers import render
from contactcenter.knowledge.rendering import fill, to_html, to_plain
from contactcenter.tickets.canned import render_canned

LITERAL = [
    "{{7*7}}",
    "${7*7}",
    "{0.__class__}",
    "{{ config }}",
    "{% import os %}",
    "{{customer.name.__class__}}",
    "%(name)s",
    "#{x}",
]


@pytest.mark.parametrize("written", LITERAL)
def test_nothing_but_the_known_names_is_replaced(written):
    text, html = render(f"Hello {written}", "Carol", "en")
    assert text == f"Hello {written}"
    assert written.replace("'", "&#39;") in html
    assert render_canned(written, {"customer.name": "Carol"}) == written


@pytest.mark.parametrize("name", LITERAL)
def test_a_name_that_looks_like_a_variable_is_only_a_name(name):
    text, _ = render("Hello {{ customer.name }}!", name, "en")
    assert text == f"Hello {name}!"
    assert fill("{{ a }}", {"a": "{{ b }}", "b": "no"}) == "{{ b }}"


def test_a_name_is_text_and_never_markup():
    _, html = render("Hello {{ customer.name }}", "**<img src=x onerror=alert(1)>** [x](http://evil.example)", "en")
    assert "<img" not in html
    assert "<strong>" not in html
    assert "<a" not in html


@pytest.mark.parametrize(
    "hostile",
    ["<script>alert(1)</script>", "[x](javascript:alert(1))", "<a href='java\tscript:x'>y</a>", "![i](http://e.example/i.png)",
     "<iframe src=//e.example>", '[x](data:text/html,y "t")', "<style>*{}</style>"],
)  # fmt: skip
def test_markup_in_a_text_is_shown_and_not_obeyed(hostile):
    html = to_html(hostile)
    for tag in ("<script", "<img", "<iframe", "<style", 'href="java', 'href="data'):
        assert tag not in html


def test_markdown_becomes_html_and_readable_text():
    written = "# Title\n\n1. **bold** and *soft*\n2. see [our page](https://a.example/b)\n\nsnake_case_name 2 * 3 * 4"
    assert (
        to_plain(written)
        == "Title\n\n1. bold and soft\n2. see our page (https://a.example/b)\n\nsnake_case_name 2 * 3 * 4"
    )
    html = to_html(written)
    assert "<h1>Title</h1>" in html
    assert "<strong>bold</strong>" in html
    assert '<a href="https://a.example/b" rel="noopener noreferrer nofollow">' in html


def test_without_a_name_the_greeting_still_reads_well():
    assert render("Hello {{ customer.name }},", "", "en")[0] == "Hello customer,"
    assert render("{{customer.name}}您好", " ", "zh")[0] == "客户您好"
    assert render_canned("Hello {{ customer.name }},", {"customer.name": ""}) == "Hello,"


def test_canned_answers_know_their_variables():
    values = {"customer.name": "Carol", "agent.name": "Ann", "ticket.number": "#1042", "ticket.subject": "Lamp"}
    text = "{{ customer.name }}/{{agent.name}}/{{ ticket.number }}/{{ ticket.subject }}"
    assert render_canned(text, values) == "Carol/Ann/#1042/Lamp"
