"""Strangers' HTML and files: what is folded, held back, and believed."""

import pytest

from contactcenter.agent_ui.sheets import fold_quotes, has_remote_pictures
from contactcenter.tickets.pictures import image_type


def test_the_outermost_quotation_is_folded_once():
    folded = fold_quotes("<p>new</p><blockquote><p>old</p><blockquote>older</blockquote></blockquote><p>end</p>")
    assert folded.count("<details>") == folded.count("</details>") == 1
    assert folded.startswith("<p>new</p><details>")
    assert folded.endswith("</blockquote></details><p>end</p>")


@pytest.mark.parametrize("html", ["", "<p>no quotation</p>", "</blockquote>stray", "a < b"])
def test_without_a_quotation_nothing_is_folded(html):
    assert "<details>" not in fold_quotes(html)


def test_held_back_pictures_are_noticed():
    assert has_remote_pictures('<img data-remote-src="https://a.example/p.gif">')
    assert not has_remote_pictures('<img src="cid:logo">')


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0....", "image/jpeg"),
        (b"GIF89a..........", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>", None),
        (b"<html><script>", None),
        (b"%PDF-1.7", None),
        (b"", None),
    ],
)
def test_an_image_is_one_by_its_bytes_alone(content, kind):
    assert image_type(content) == kind
