"""HTML bodies as readable lines: paragraphs, lists, tables and links kept, quotations and unseen text marked.

A scanner of its own, because it must be linear: the standard library's parser takes 14 s for 47 KB of ``<a ``. It goes
through the markup once with substring search; a construct that is found unterminated once is not looked for again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html import unescape

from contactcenter.channels.email.html_sight import Sight
from contactcenter.channels.email.lines import Line, Mark

MAX_HTML = 2_000_000  # characters read
MAX_TAGS = 100_000  # tags read
UNSEEN_TEXT = "text that its reader does not see"
"""The warning of a body that hides words."""

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:_-]{0,40})((?:[^>\"']++|\"[^\"]*+\"|'[^']*+')*+)>")
_PLAIN_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:_-]{0,40})([^>]*+)>")
_SPACE = re.compile(r"[ \t\r\n\f\xa0]+")
_HREF = re.compile(r"""href\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))""", re.IGNORECASE)

_QUOTE_ATTRIBUTES = re.compile(
    r"""(?:class|id|name)\s*=\s*["']?[^"'>]*?(?:gmail_attr|yahoo_quoted|moz-cite-prefix|protonmail_quote|tutanota_quote
    |zmail_extra|zm_quote|isReplyContent|ntes-reply|OLK_SRC_BODY_SECTION|mail_quote_|mail-quote|quoted-text|quote-header
    |reply-quote|original-content|origbody|origi?nal_?mail|mail_orig?inal|oringinal|cite_prefix|WPSEmail_Quote|xiaomi_quote
    |historyContent|history-quote|mailmaster-quote|gmail_quote_attribution|quoted-content|sub-quote
    |missive_quote|reply-intro|moz-forward-container|yahoo-quoted-begin)""",
    re.IGNORECASE | re.VERBOSE,
)
_QUOTE_BLOCK = re.compile(
    r"""type\s*=\s*["']?cite|\bcite\s*=|class\s*=\s*["']?[^"'>]*(?:quot|iosymail)|id\s*=\s*["']?[^"'>]*(?:reply|quot)
    |border-left""",
    re.IGNORECASE | re.VERBOSE,
)
_CUT_ATTRIBUTES = re.compile(
    r"""(?:class|id|name)\s*=\s*["']?(?:x_)*(?:divRplyFwdMsg|appendonsend|stopSpelling|
    mail-editor-reference-message-container|ms-outlook-mobile-reference-message|zwchr|ydp[0-9a-f]+yahoo_quoted)""",
    re.IGNORECASE | re.VERBOSE,
)
_SIGNATURE_ATTRIBUTES = re.compile(
    r"""(?:class|id|name|data-smartmail)\s*=\s*["']?[^"'>]*?(?:signature|foxmail_?sig|fmsig|spnEditorSign|tutanota_sig
    |mb_sig|canarySig|qqmail_?sign|netease_?sign|divNeteaseMailCard|divNeteaseSiriusCard)
    |data-signature(?:block|-widget)|xmail-signature""",
    re.IGNORECASE | re.VERBOSE,
)
_SIGNATURE_RULE = re.compile(r"width:\s*210px.*b5c4df|b5c4df.*width:\s*210px", re.IGNORECASE)  # Foxmail draws it
_BLOCK_NAMES = (
    "address article aside blockquote body center dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 "
    "h5 h6 header hr li main nav ol p pre section table tbody tfoot thead tr ul caption option html head"
)
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_SPACED = frozenset(["p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "pre"])
_RAW = frozenset(("style", "script", "title", "xml", "noscript", "template", "o:p:x"))
_VOID = frozenset(
    [
        "br",
        "hr",
        "img",
        "input",
        "meta",
        "link",
        "wbr",
        "area",
        "base",
        "col",
        "embed",
        "source",
        "track",
    ]
)
_MARKS = {"sign": Mark.SIGNATURE, "signature": Mark.SIGNATURE, "includetail": Mark.QUOTE}  # elements some make up
_MARKABLE = frozenset(
    [
        "div",
        "blockquote",
        "span",
        "p",
        "table",
        "td",
        "section",
        "article",
        "font",
        "pre",
        "ul",
        "cite",
    ]
)


@dataclass(slots=True)
class _Region:
    """An open element that marks what is inside it."""

    tag: str
    mark: Mark
    depth: int = 1


@dataclass(slots=True)
class _Renderer:
    """Collects lines while the tags go by."""

    lines: list[Line] = field(default_factory=list)
    current: list[str] = field(default_factory=list)
    regions: list[_Region] = field(default_factory=list)
    lists: list[int] = field(default_factory=list)  # next number of each open list; 0 for bullets
    mark: Mark = Mark.NONE
    sight: Sight = field(default_factory=Sight)
    unseen: list[str] = field(default_factory=list)  # text of the current line that is not seen
    preformatted: int = 0
    gap: bool = False  # an empty line is due before the next text
    link: tuple[str, int] | None = None

    def text(self, chunk: str) -> None:
        """Take a run of text between tags."""
        if self.sight.gone:
            return
        if "&" in chunk:
            chunk = unescape(chunk)
        if self.sight.unseen:
            self.unseen.append(_SPACE.sub(" ", chunk))
            return
        if self.preformatted:
            *whole, last = chunk.replace("\r\n", "\n").split("\n")
            for line in whole:
                self.current.append(line)
                self.flush(always=True)
            self.current.append(last)
            return
        chunk = _SPACE.sub(" ", chunk)
        if chunk == " " and (not self.current or self.current[-1].endswith((" ", "\t"))):
            return
        self.current.append(chunk)

    def flush(self, always: bool = False) -> None:
        """End the current line; an empty one is kept when `always`. What is not seen of it gets a line of its own."""
        if self.unseen:
            unseen = "".join(self.unseen).strip()
            self.unseen.clear()
            self.flush(always)
            if unseen:
                self.lines.append(Line(unseen, Mark.UNSEEN))
            return
        if not self.current:
            if always:
                self.lines.append(Line("", self.mark))
            return
        text = "".join(self.current)
        text = text.rstrip() if self.preformatted else text.strip()
        self.current.clear()
        self.link = None
        if not text and not always:
            return
        if self.gap and text:
            if self.lines and self.lines[-1].text:
                self.lines.append(Line("", self.mark))
            self.gap = False
        self.lines.append(Line(text, self.mark))

    def start(self, name: str, attributes: str) -> None:
        """Take a start tag."""
        self.sight.start(name, attributes, block=name in _BLOCKS)
        if self.sight.gone:
            return
        for region in self.regions:
            region.depth += name == region.tag
        if name in _BLOCKS:
            self.flush()
            self.gap = self.gap or (name in _SPACED and not self.lists)
        if attributes and (name in _MARKABLE or name == "hr"):
            self._mark(name, attributes)
        elif name == "blockquote":
            self._open(_Region(name, Mark.BLOCK))
        elif name in _MARKS:
            self._open(_Region(name, _MARKS[name]))
        handler = _STARTS.get(name)
        if handler:
            handler(self, attributes)

    def _mark(self, name: str, attributes: str) -> None:
        """Open a region when the attributes are those of a quotation or a signature."""
        head = attributes[:2000]
        if _CUT_ATTRIBUTES.search(head):
            self.flush()
            self.lines.append(Line("", Mark.CUT))
        elif name == "hr":
            if _SIGNATURE_RULE.search(head):
                self.flush()
                self.lines.append(Line("-- ", self.mark))
        elif name == "blockquote":
            self._open(_Region(name, Mark.QUOTE if _QUOTE_BLOCK.search(head) else Mark.BLOCK))
        elif _QUOTE_ATTRIBUTES.search(head):
            self._open(_Region(name, Mark.QUOTE))
        elif _SIGNATURE_ATTRIBUTES.search(head):
            self._open(_Region(name, Mark.SIGNATURE))

    def _open(self, region: _Region) -> None:
        """Start a marked region unless a stronger one is open."""
        if self.mark is Mark.QUOTE or len(self.regions) > 8:
            return
        self.flush()
        self.regions.append(region)
        self.mark = region.mark

    def end(self, name: str) -> None:
        """Take an end tag."""
        gone = self.sight.gone
        self.sight.end(name)
        if gone:
            return
        if name in _BLOCKS:
            self.flush()
            self.gap = self.gap or (name in _SPACED and not self.lists)
        handler = _ENDS.get(name)
        if handler:
            handler(self)
        for region in self.regions:
            region.depth -= name == region.tag
        if self.regions and self.regions[-1].depth <= 0:
            self.flush()
            while self.regions and self.regions[-1].depth <= 0:
                self.regions.pop()
            self.mark = self.regions[-1].mark if self.regions else Mark.NONE

    def finish(self) -> list[Line]:
        """Return the lines, once the markup is at its end."""
        self.flush()
        return self.lines


def _break(out: _Renderer, _: str) -> None:
    """`br`: the line ends, an empty one counts."""
    out.flush(always=True)


def _item(out: _Renderer, _: str) -> None:
    """`li`: a bullet or a number, indented by the depth of the list."""
    indent = "  " * min(len(out.lists) - 1, 8)
    if out.lists and out.lists[-1]:
        out.current.append(f"{indent}{out.lists[-1]}. ")
        out.lists[-1] += 1
    else:
        out.current.append(f"{indent}- ")


def _list(number: int) -> Callable[[_Renderer, str], None]:
    """`ul` and `ol`: a list opens."""

    def opened(out: _Renderer, _: str) -> None:
        if len(out.lists) < 50:
            out.lists.append(number)

    return opened


def _list_end(out: _Renderer) -> None:
    """Return a list closes."""
    if out.lists:
        out.lists.pop()


def _cell(out: _Renderer, _: str) -> None:
    """`td`: cells of one row stand on one line, a tab between them."""
    if out.current and "".join(out.current).strip():
        out.current.append("\t")


def _anchor(out: _Renderer, attributes: str) -> None:
    """Remember the web address of an `a` element."""
    found = _HREF.search(attributes[:4000])
    target = unescape(next((g for g in found.groups() if g), "")).strip() if found else ""
    out.link = (target, len(out.current)) if target.lower().startswith(("http://", "https://")) else None


def _anchor_end(out: _Renderer) -> None:
    """Put the address of a link behind its text where the text does not show it."""
    if out.link is None:
        return
    target, position = out.link
    label = "".join(out.current[position:]).strip()
    out.link = None
    bare = target.partition("://")[2].rstrip("/")
    if label and bare.lower() not in label.lower() and len(target) <= 500:
        out.current.append(f" <{target}>")


def _pre(out: _Renderer, _: str) -> None:
    """`pre`: line ends and spaces count."""
    out.preformatted += 1


def _pre_end(out: _Renderer) -> None:
    """`/pre`."""
    out.preformatted = max(out.preformatted - 1, 0)


_STARTS: dict[str, Callable[[_Renderer, str], None]] = {
    "br": _break,
    "li": _item,
    "ul": _list(0),
    "ol": _list(1),
    "td": _cell,
    "th": _cell,
    "a": _anchor,
    "pre": _pre,
}
_ENDS: dict[str, Callable[[_Renderer], None]] = {
    "ul": _list_end,
    "ol": _list_end,
    "a": _anchor_end,
    "pre": _pre_end,
}


def html_lines(markup: str) -> tuple[list[Line], list[str]]:
    """Readable lines of an HTML body with their marks, and warnings."""
    warnings = ["HTML too long"] if len(markup) > MAX_HTML else []
    markup = markup[:MAX_HTML]
    out = _Renderer()
    pattern, position, tags = _TAG, 0, 0
    while (opening := markup.find("<", position)) >= 0:
        if opening > position:
            out.text(markup[position:opening])
        if markup.startswith(("<!", "<?"), opening):
            position = _declaration_end(markup, opening)
            continue
        match = pattern.match(markup, opening)
        if not match and pattern is _TAG and markup[opening + 1 : opening + 2].isalpha():
            pattern = _PLAIN_TAG  # a quote that never closes: from now on a tag ends at the next bracket
            match = pattern.match(markup, opening)
        if not match:
            if markup.find(">", opening) < 0:
                rest = markup[opening:]
                position = len(markup) if rest[1:2].isalpha() or rest[1:2] == "/" else opening
                break
            out.text("<")
            position = opening + 1
            continue
        position = match.end()
        tags += 1
        if tags > MAX_TAGS:
            warnings.append("HTML with too many tags")
            position = len(markup)
            break
        position = _tag(out, match, markup, position)
    out.text(markup[position:])
    lines = out.finish()
    if any(line.mark is Mark.UNSEEN for line in lines):
        warnings.append(UNSEEN_TEXT)
    return lines, warnings


def _tag(out: _Renderer, match: re.Match[str], markup: str, position: int) -> int:
    """Hands a tag to the renderer; returns where reading goes on (behind the content of `style` and its like)."""
    name = match[2].lower()
    if match[1]:
        out.end(name)
        return position
    if name in _RAW:
        closing = re.compile(f"</{re.escape(name)}\\b[^>]*>?", re.IGNORECASE).search(markup, position)
        return closing.end() if closing else (len(markup) if name in ("style", "script") else position)
    out.start(name, match[3])
    if name not in _VOID and match[3].endswith("/") and ":" in name:
        out.end(name)
    return position


def _declaration_end(markup: str, opening: int) -> int:
    """Offset behind a comment, a conditional comment, a doctype or a processing instruction."""
    if markup.startswith("<!--", opening):
        end = markup.find("-->", opening + 2)
        return end + 3 if end >= 0 else len(markup)
    end = markup.find(">", opening)
    return end + 1 if end >= 0 else len(markup)
