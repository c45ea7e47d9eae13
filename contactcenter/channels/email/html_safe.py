"""HTML of strangers made safe to show: nh3 (ammonia) with an allow-list, remote content held back.

What stays is structure, inline style of harmless properties, and images that travel in the mail (``cid:``). A remote
image loses its source to ``data-remote-src``, from where the console can bring it back when an agent clicks. Scripts,
forms, style sheets, frames, objects and every attribute that can load or run something are gone.
"""

from __future__ import annotations

import re
from html import escape
from typing import Final

import nh3

from contactcenter.channels.email.html_text import html_lines
from contactcenter.channels.email.lines import join_lines

MAX_HTML = 2_000_000  # characters shown
MAX_DEPTH = 800  # open elements; the tree builder's work grows with their square
_FEW = 3000  # tags that can do no harm however they are nested
_MAX_REFERENCES = 30_000  # character references; named ones cost the square of their number
_MAX_TAG = 20_000  # characters of one tag without a data: address

_TAG_NAMES = (
    "a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del "
    "details dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main "
    "mark nav ol p pre q rp rt ruby s samp section small span strike strong sub summary sup table tbody td tfoot "
    "th thead time tr tt u ul var wbr"
)
_TAGS: Final = frozenset(_TAG_NAMES.split())
_EVERYWHERE: Final = frozenset(("style", "dir", "lang", "title", "align", "valign", "bgcolor", "width", "height"))
_ATTRIBUTES: Final = {
    "*": set(_EVERYWHERE),
    "a": {"href", "name"},
    "img": {"src", "alt", "border", "hspace", "vspace"},
    "table": {"border", "cellpadding", "cellspacing", "rules", "frame"},
    "td": {"colspan", "rowspan", "nowrap"},
    "th": {"colspan", "rowspan", "nowrap", "scope"},
    "col": {"span"},
    "colgroup": {"span"},
    "font": {"color", "face", "size"},
    "ol": {"start", "type"},
    "ul": {"type"},
    "li": {"value", "type"},
    "hr": {"color", "size", "noshade"},
}
_STYLE_NAMES = (
    "background-color border border-bottom border-bottom-color border-bottom-style border-bottom-width "
    "border-collapse border-color border-left border-left-color border-left-style border-left-width border-radius "
    "border-right border-right-color border-right-style border-right-width border-spacing border-style border-top "
    "border-top-color border-top-style border-top-width border-width clear color direction display float font "
    "font-family font-size font-style font-variant font-weight height letter-spacing line-height list-style-type "
    "margin margin-bottom margin-left margin-right margin-top max-height max-width min-height min-width "
    "overflow-wrap padding padding-bottom padding-left padding-right padding-top table-layout text-align "
    "text-decoration text-indent text-transform vertical-align white-space width word-break word-spacing "
    "word-wrap"
)
_STYLES: Final = frozenset(_STYLE_NAMES.split())
_SCHEMES: Final = frozenset(("http", "https", "mailto", "tel", "cid", "data"))
_CLEAN_CONTENT: Final = frozenset(("script", "style", "title", "xml", "template", "noscript", "svg", "math", "iframe"))
_DATA_IMAGE = re.compile(r"data:image/(?:png|jpe?g|gif|webp|bmp);base64,[A-Za-z0-9+/=\s]*", re.IGNORECASE)
_CALLS = re.compile(r"url|expression|\\|image\s*\(|/\*", re.IGNORECASE)
_IMAGE = re.compile(r'<img((?: [a-z-]+="[^"]*")*)>')
_SOURCE = re.compile(r' src="([^"]*)"')
_OPEN_OR_CLOSE = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})")
_NOT_COUNTED_NAMES = "br hr img input meta link wbr area base col embed source track p li td th tr dd dt option"
_NOT_COUNTED = frozenset(  # empty elements, and those that the next of their kind closes
    _NOT_COUNTED_NAMES.split()
)


def _attribute(element: str, attribute: str, value: str) -> str | None:
    """Drop what the allow-list by name cannot judge: data: addresses outside of images, function calls in style."""
    if attribute == "style":
        return _declarations(value) if _CALLS.search(value) else value
    if attribute not in ("src", "href"):
        return value
    scheme = "".join(value[:40].split()).lower()
    if scheme.startswith("data:"):
        return value if element == "img" and _DATA_IMAGE.fullmatch(value) else None
    if attribute == "href" and scheme.startswith("cid:"):
        return None
    return value


def _declarations(style: str) -> str:
    """Return an inline style without the declarations that call or escape something."""
    return ";".join(declaration for declaration in style.split(";") if not _CALLS.search(declaration))


_CLEANER = nh3.Cleaner(
    tags=set(_TAGS),
    clean_content_tags=set(_CLEAN_CONTENT),
    attributes={tag: set(names) | _EVERYWHERE for tag, names in _ATTRIBUTES.items()},
    attribute_filter=_attribute,
    strip_comments=True,
    link_rel="noopener noreferrer nofollow",
    url_schemes=set(_SCHEMES),
    set_tag_attribute_values={"a": {"target": "_blank"}},
    filter_style_properties=set(_STYLES),
)


def safe_html(markup: str) -> tuple[str, list[str]]:
    """Markup that may be shown, and warnings. What would cost too much to clean is shown as its escaped text."""
    warnings = []
    if len(markup) > MAX_HTML:
        warnings.append("HTML too long to show in full")
        markup = markup[:MAX_HTML]
    if "\x00" in markup:
        markup = markup.replace("\x00", "")
    if not _bearable(markup):
        text = join_lines(html_lines(markup)[0])
        return f"<pre>{escape(text)}</pre>", [*warnings, "HTML too complex to show"]
    return _IMAGE.sub(_hold_back, _CLEANER.clean(markup)), warnings


def _hold_back(match: re.Match[str]) -> str:
    """Return an image with its remote source moved to `data-remote-src`; sources inside the mail stay."""
    source = _SOURCE.search(match[1])
    if not source or source[1].lower().startswith(("cid:", "data:")):
        return match[0]
    return f'<img{match[1][: source.start()]} data-remote-src="{source[1]}"{match[1][source.end() :]}>'


def _bearable(markup: str) -> bool:
    """Whether cleaning takes time in proportion to the size: no deep nesting, no tags of thousands of attributes."""
    if len(markup) < _MAX_TAG and markup.count("<") < _FEW:
        return True
    if markup.count("&") > _MAX_REFERENCES:
        return False
    depth, deepest, previous = 0, 0, 0
    for match in _OPEN_OR_CLOSE.finditer(markup):
        if match.start() - previous > _MAX_TAG and _crowded(markup[previous : match.start()]):
            return False
        previous = match.start()
        if match[2].lower() in _NOT_COUNTED:
            continue
        depth = max(depth - 1, 0) if match[1] else depth + 1
        deepest = max(deepest, depth)
        if deepest > MAX_DEPTH:
            return False
    return not (len(markup) - previous > _MAX_TAG and _crowded(markup[previous:]))


def _crowded(tag: str) -> bool:
    """Whether a tag has more attributes than any mail program writes; the text behind it does not count."""
    return len(tag.partition(">")[0].split(None, 301)) > 300
