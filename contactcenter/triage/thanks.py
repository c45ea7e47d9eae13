"""Whether a message says thanks and nothing else: then a resolved matter stays resolved.

Careful on purpose: one word outside the list, or a question mark, and the message counts as something to read.
"""

from __future__ import annotations

import re
import unicodedata

MAX_CHARACTERS = 120

_WORDS = frozenset(
    """
    thanks thank thx ty cheers appreciated appreciate ok okay great perfect super brilliant lovely wonderful cool nice
    good excellent got it that this worked works helped helps helpful solved resolved now so very much a lot many for
    your the you quick fast kind answer reply help information info all set makes sense i see understood to know
    please close ticket and is was yes fine again have nice day best regards
    """.split()
)
_THANKFUL = frozenset({"thanks", "thank", "thx", "ty", "cheers", "appreciated", "appreciate"})
_CHINESE = re.compile(
    r"(?:好的?|嗯|收到|明白|知道|了解(?!决)|可以|已经|已|解决|登录|太好|非常|十分|真的|谢谢|多谢|感谢|辛苦|麻烦|"
    r"您|你们|你|的|回复|帮助|解答|耐心|了|啦|呢|哦|啊|[，。！、~～\s,.!])++"  # possessive: no way is tried twice
)
_CHINESE_THANKS = ("谢", "辛苦")
_HAN = re.compile(r"[\u3400-\u9fff]")


def is_only_thanks(text: str, name: str = "") -> bool:
    """Whether the text thanks and asks for nothing; ``name`` is the sender's, who may have signed with it."""
    plain = unicodedata.normalize("NFKC", text[: MAX_CHARACTERS + 200]).replace(name, " ") if name else text
    plain = unicodedata.normalize("NFKC", plain).strip()
    if not plain or len(plain) > MAX_CHARACTERS or "?" in plain:
        return False
    if _HAN.search(plain):
        return any(word in plain for word in _CHINESE_THANKS) and _CHINESE.fullmatch(plain) is not None
    words = re.findall(r"[a-z']+", plain.lower())
    only_words = not re.search(r"\d", plain)
    return only_words and bool(_THANKFUL.intersection(words)) and _WORDS.issuperset(words)
