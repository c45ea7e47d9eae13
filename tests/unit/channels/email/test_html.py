"""HTML read as text and made safe."""

import pytest

from contactcenter.channels.email.html_safe import safe_html
from contactcenter.channels.email.html_text import html_lines
from contactcenter.channels.email.lines import join_lines


def text(markup):
    return join_lines(html_lines(markup)[0])


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>One</p><p>Two<br>Three</p>", "One\n\nTwo\nThree"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("<ul><li>one<li>two</ul><ol><li>x</li><li>y</li></ol>", "- one\n- two\n\n1. x\n2. y"),
        ("<table><tr><th>No</th><th>Price</th></tr><tr><td>1</td><td>5 €</td></tr></table>", "No\tPrice\n1\t5 €"),
        ('<a href="https://x.example/a">here</a>', "here <https://x.example/a>"),
        ('<a href="https://x.example/">x.example</a>', "x.example"),
        ('<a href="mailto:a@b.example">a@b.example</a>', "a@b.example"),
        ("<style>p{}</style><script>x</script><!-- c --><![if !mso]>ok<![endif]>", "ok"),
        ("a &amp; b&nbsp;&lt;c&gt; &#20320;", "a & b <c> 你"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ('<p style="display:none">hidden</p>shown', "shown"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ('<p title="a > b">x</p>', "x"),
        ('<p title="never closed>x</p>', "x"),
    ],
)
def test_readable_text(markup, expected):
    assert text(markup) == expected


def test_images_of_the_mail_stay_and_remote_ones_are_held_back():
    html, _ = safe_html('<img src="cid:a"><img src="https://t.example/p.gif" alt="x"><img src="//t.example/q">')
    assert '<img src="cid:a">' in html
    assert 'data-remote-src="https://t.example/p.gif"' in html
    assert ' src="http' not in html
    assert ' src="//' not in html


@pytest.mark.parametrize(
    "markup",
    [
        "<script>alert(1)</script>",
        '<p onclick="alert(1)">',
        '<a href="javascript:alert(1)">',
        '<a href="java\tscript:alert(1)">',
        '<iframe src="https://x.example">',
        '<form action="https://x.example"><input name=a>',
        '<img src="data:image/svg+xml,<svg onload=alert(1)>">',
        '<a href="data:text/html,<script>alert(1)</script>">',
        "<svg><animate onbegin=alert(1)>",
        "<style>@import url(https://x.example)</style>",
        '<p style="background:url(https://x.example)">',
        '<p style="width:expression(alert(1))">',
        '<table background="https://x.example/a.png">',
        '<img srcset="https://x.example/a.png 2x">',
        '<meta http-equiv=refresh content="0;https://x.example">',
        '<link rel=prefetch href="https://x.example">',
        '<base href="https://x.example">',
        '<img src="x" data-remote-src="https://x.example">',
    ],
)
def test_nothing_that_runs_or_loads_survives(markup):
    html, _ = safe_html(markup)
    for word in ("alert", "x.example", "script:", "<svg", "<form", "<iframe"):
        assert word not in html


def test_harmless_inline_style_stays():
    assert safe_html('<p style="color:red;position:fixed">x</p>')[0] == '<p style="color:red">x</p>'
