"""What of an HTML body its reader does not see: words without size, in the colour of their ground, off the page.

Who hides words in a mail writes for the machines that read it, not for people; machines leave them out too. Only what
the elements themselves say is looked at (``style``, ``hidden``, ``color``, ``bgcolor``): style sheets are not obeyed
here, as they are not where the mail is shown. In doubt a word is seen. The work is linear in the markup.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import lru_cache
from html import unescape

MAX_STYLE = 4_000  # characters of an element's attributes that are looked at
MAX_STYLED = 10_000  # elements with such attributes; further ones look as what they stand in

_TELLING = re.compile(r"style|color|hidden|background", re.IGNORECASE)
_STYLE = re.compile(r"""\bstyle\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))""", re.IGNORECASE)
_COLOURS = re.compile(r"""\b(bgcolor|color|background)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))""", re.IGNORECASE)
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_HIDDEN = re.compile(r"(?:^|\s)hidden(?=[\s=/]|$)", re.IGNORECASE)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_LENGTH = re.compile(r"(-?\d*\.?\d+)(px|pt|em|rem|ex|vw|vh|in|cm|mm|pc|%)?(?![\w.])")
_HEX = re.compile(r"#([0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})(?![0-9a-f])")
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})(?:[\s,/]+([\d.]+)(%?))?\s*\)")
_NAMED = {"white": 255, "snow": 250, "ghostwhite": 248, "ivory": 248, "whitesmoke": 245, "black": 0}
_SEE_THROUGH = -1

_SMALLEST = {"px": 2.0, "pt": 1.5, "": 0.0, "%": 15.0, "em": 0.15, "rem": 0.15}
"""Font sizes up to which nobody reads a word, by unit."""
_FAR_OFF = -500.0
"""Pixels, or any unit, beside the page."""
_FAINTEST = 0.1
"""Opacity up to which nothing is seen."""
_ALIKE = 16
"""Steps of 255 in each colour that an eye does not tell apart."""

_CELLS = frozenset(("td", "th", "tr"))
_VOID = frozenset(
    ("br", "hr", "img", "input", "meta", "link", "wbr", "area", "base", "col", "embed", "source", "track")
)

Colour = tuple[int, int, int]
_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)


@dataclass(frozen=True, slots=True)
class _Look:
    """How text looks at one place. A colour that is not known is None; ``clear``: text that one sees through."""

    ink: Colour | None = _BLACK
    ground: Colour | None = _WHITE
    clear: bool = False
    tiny: bool = False
    veiled: bool = False  # with everything in it, whatever that says of itself
    gone: bool = False

    @property
    def unseen(self) -> bool:
        """Whether nobody sees text that looks so."""
        if self.veiled or self.tiny or self.clear or self.gone:
            return True
        if self.ink is None or self.ground is None or (self.ink == _BLACK and self.ground == _WHITE):
            return False
        return max(abs(one - other) for one, other in zip(self.ink, self.ground, strict=True)) <= _ALIKE


_USUAL = _Look()


class Sight:
    """Follows the tags of a body and knows at each place whether its text is seen."""

    def __init__(self) -> None:
        self._elements: list[str] = []  # open ones, outermost first
        self._places: defaultdict[str, list[int]] = defaultdict(list)  # where in it those of a name are
        self._looks: list[tuple[int, _Look]] = []  # of those that change it, with their places
        self._styled = 0
        self.unseen = False
        self.gone = False  # unseen, and never meant to be seen by anybody (``display: none``)

    def start(self, name: str, attributes: str, *, block: bool) -> None:
        """Take a start tag. ``block``: it ends a paragraph (HTML, 13.2.6.4.7)."""
        if name in _VOID:
            return
        if block and self._places["p"]:
            self.end("p")
        if name in _CELLS:
            self._end_of_kind(("td", "th", "tr") if name == "tr" else ("td", "th"), ("table",))
        elif name == "li":
            self._end_of_kind(("li",), ("ul", "ol"))
        self._places[name].append(len(self._elements))
        self._elements.append(name)
        if attributes and _TELLING.search(attributes) and self._styled < MAX_STYLED:
            self._styled += 1
            before = self._looks[-1][1] if self._looks else _USUAL
            now = _look(attributes[:MAX_STYLE], before)
            if now != before:
                self._looks.append((len(self._elements) - 1, now))
                self._see()

    def end(self, name: str) -> None:
        """Take an end tag: what was opened inside the element ends with it. One that was never opened is none."""
        if not self._places[name]:
            return
        place = self._places[name][-1]
        while len(self._elements) > place:
            self._places[self._elements.pop()].pop()
        if self._looks and self._looks[-1][0] >= place:
            while self._looks and self._looks[-1][0] >= place:
                self._looks.pop()
            self._see()

    def _end_of_kind(self, names: tuple[str, ...], around: tuple[str, ...]) -> None:
        """End the elements that another of their kind ends, inside the same table or list."""
        border = max((self._places[one][-1] for one in around if self._places[one]), default=-1)
        for name in names:
            while self._places[name] and self._places[name][-1] > border:
                self.end(name)

    def _see(self) -> None:
        look = self._looks[-1][1] if self._looks else _USUAL
        self.unseen, self.gone = look.unseen, look.gone


@lru_cache(maxsize=512)  # a mail program writes the same style a hundred times
def _look(attributes: str, look: _Look) -> _Look:
    """How text looks inside an element with these attributes, where it looked so before."""
    for found in _COLOURS.finditer(attributes):
        look = _coloured(
            look, "color" if found[1].lower() == "color" else "background", found[2] or found[3] or found[4] or ""
        )
    if "hidden" in attributes.lower() and _HIDDEN.search(_QUOTED.sub("", attributes)):
        look = replace(look, veiled=True)
    style = _STYLE.search(attributes)
    if style is None:
        return look
    said = _declarations(unescape(style[1] or style[2] or style[3] or ""))
    for name in ("color", "-webkit-text-fill-color", "background", "background-color"):
        if name in said:
            look = _coloured(look, "color" if "color" in name and "back" not in name else "background", said[name])
    if said.get("display", "").startswith("none") or said.get("mso-hide", "").startswith("all"):
        look = replace(look, gone=True)
    size = _size(said)
    return replace(look, tiny=look.tiny if size is None else size, veiled=look.veiled or _is_veiled(said))


def _declarations(style: str) -> dict[str, str]:
    """The declarations of an inline style, lower case; the last of a name counts."""
    if "/*" in style:
        style = _COMMENT.sub("", style)
    pairs = (declaration.partition(":") for declaration in style.lower().split(";"))
    return {name.strip(): value.replace("!important", "").strip() for name, _, value in pairs}


def _is_veiled(said: dict[str, str]) -> bool:
    """Whether the element is made unseen with all that is in it."""
    if said.get("visibility", "") in {"hidden", "collapse"} or _number(said.get("opacity", "1")) <= _FAINTEST:
        return True
    edges = ("text-indent", "margin-left", "margin-top", *(("left", "top") if "position" in said else ()))
    if any(_number(said[edge]) <= _FAR_OFF for edge in edges if edge in said):
        return True
    sides = ("height", "max-height", "width", "max-width")
    if said.get("overflow", "").startswith("hidden") and any(_number(said[s]) <= 1 for s in sides if s in said):
        return True
    return "scale(0)" in said.get("transform", "") or said.get("clip", "").replace(" ", "").startswith("rect(0,0,0,0")


def _size(said: dict[str, str]) -> bool | None:
    """Whether text is too small to be read; None where nothing is said of it."""
    written = said.get("font-size", said.get("font", ""))
    for found in _LENGTH.finditer(written[:100]):
        unit = found[2] or ""
        if "font-size" in said or unit or float(found[1]) == 0:  # a bare number in `font` is a weight
            return unit in _SMALLEST and float(found[1]) <= _SMALLEST[unit]
    return None


def _number(written: str) -> float:
    """The number a value begins with; large where it begins with none. Per cent count as hundredths."""
    found = _LENGTH.match(written)
    return 1e6 if found is None else float(found[1]) / (100 if found[2] == "%" else 1)


def _coloured(look: _Look, what: str, written: str) -> _Look:
    """The look with a colour of the text or of its ground; what leaves it as it was changes nothing."""
    written = written.strip().lower()
    if written in {"", "inherit", "initial", "unset", "none", "currentcolor", "auto"}:
        return look
    colour = _colour(written)
    if what == "color":
        return replace(look, clear=True) if colour == _SEE_THROUGH else replace(look, ink=_known(colour), clear=False)
    return look if colour == _SEE_THROUGH else replace(look, ground=_known(colour))


def _known(colour: Colour | int | None) -> Colour | None:
    return colour if isinstance(colour, tuple) else None


def _colour(written: str) -> Colour | int | None:
    """Red, green and blue; :data:`_SEE_THROUGH`; None for what is not understood (a name, a picture, a gradient)."""
    if written == "transparent":
        return _SEE_THROUGH
    if "url(" in written or "gradient" in written:
        return None
    word = written.split(None, 1)[0]
    if word in _NAMED:
        return (_NAMED[word],) * 3
    if found := _HEX.match(written):
        digits = found[1] if len(found[1]) > 4 else "".join(2 * digit for digit in found[1])
        if len(digits) == 8 and int(digits[6:], 16) <= 255 * _FAINTEST:
            return _SEE_THROUGH
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)
    if found := _RGB.match(written):
        if found[4] and float(found[4]) / (100 if found[5] else 1) <= _FAINTEST:
            return _SEE_THROUGH
        return int(found[1]), int(found[2]), int(found[3])
    return None
