"""The MIME tree."""

from contactcenter.channels.email.parts import parse_tree

MIXED = (
    b"Content-Type: multipart/mixed; boundary=outer\r\n\r\npreamble\r\n"
    b"--outer\r\nContent-Type: multipart/alternative; boundary=outer-inner\r\n\r\n"
    b"--outer-inner\r\n\r\nplain\r\n--outer-inner\r\nContent-Type: text/html\r\n\r\n<p>rich\r\n--outer-inner--\r\n"
    b"--outer\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJD\r\n--outer--\r\nepilogue"
)


def test_nested_multiparts_are_cut_at_their_own_boundaries():
    root, warnings = parse_tree(MIXED)
    kinds = [part.content_type for part in root.all]
    assert kinds == ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "image/png"]
    assert [part.content for part in root.all][2:] == [b"plain", b"<p>rich", b"ABC"]
    assert warnings == []


def test_a_missing_end_keeps_the_last_part():
    root, warnings = parse_tree(MIXED.partition(b"--outer--")[0])
    assert root.all[-1].content == b"ABC"
    assert warnings == ["multipart without its end"]


def test_a_missing_boundary_parameter_is_guessed_from_the_body():
    root, _ = parse_tree(MIXED.replace(b"; boundary=outer\r\n", b"\r\n", 1))
    assert root.all[-1].content == b"ABC"


def test_a_multipart_without_any_boundary_is_text():
    root, warnings = parse_tree(b"Content-Type: multipart/mixed\n\njust text")
    assert (root.content_type, root.content) == ("text/plain", b"just text")
    assert warnings == ["multipart without a boundary"]


def test_a_nested_mail_is_a_leaf_and_the_default_of_a_digest():
    raw = b"Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: inner\n\nhi\n--b--\n"
    inner = parse_tree(raw)[0].all[1]
    assert inner.content_type == "message/rfc822"
    assert inner.content == b"Subject: inner\n\nhi"


def test_old_mac_line_ends_are_read():
    root, _ = parse_tree(b"Subject: s\rContent-Type: text/html\r\rhi")
    assert (root.headers.raw("subject"), root.content_type) == ("s", "text/html")
