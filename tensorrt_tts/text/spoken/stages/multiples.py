"""How many times as much: 3x faster, 10x; an x that stands for a number stays a letter."""

from __future__ import annotations

import re

from tensorrt_tts.text.spoken.draft import Draft
from tensorrt_tts.text.spoken.languages import Language
from tensorrt_tts.text.spoken.number import WRITTEN
from tensorrt_tts.text.spoken.patterns import lazy, words
from tensorrt_tts.text.spoken.stages.context import START, after, before

_MULTIPLE = lazy(
    rf"{START}(?P<amount>{WRITTEN}) ?[xX×](?![\w²³]| ?[-−–+*/^=<>≤≥(×])(?!['’]\w)"
    r"(?=[,.;:!?)\"'।॥]|\s*$|\n| (?:[\u0900-\u0dff]|(?P<sure>the|as|more|less|fewer|better|worse|"
    r"faster|slower|bigger|larger|smaller|higher|lower|longer|shorter|cheaper|costlier|stronger|"
    r"weaker|greater|quicker|richer|wider|taller|heavier|lighter|deeper|harder|easier|brighter|"
    r"safer|older|younger|closer|thicker|thinner|sharper|denser|what|its|his|her|their|our|my|"
    r"your|per|daily|weekly|monthly|yearly|this|last|since|compared)\b|"
    r"(?:and|or) \d[\d.]*[xX×](?!\w)|(?:a|an|that|than|in|on|over|to|for)\b))"
)
_MATHEMATICS = lazy(
    r"=|\+|<|>|≤|≥|\^|\((?<=\w.)$|\* ?$|/ ?$|-(?<!\d.) ?$|−(?<!\d.) ?$|"
    + words("""
        solve equation equations function functions derivative integral integrate the_term the_terms
        a_term a_terms coefficient polynomial variable variables expression expressions simplify
        factor plot slope add subtract multiply divide equals is_equal sin cos tan log
    """)
    + r"|समीकरण|व्यंजक|సమీకరణ"
)


def multiples(draft: Draft) -> None:
    draft.say_numbers(_MULTIPLE, _multiple, after="xX×.,")


def _multiple(found: re.Match[str], language: Language) -> str | None:
    letter = not found["sure"] and (
        _MATHEMATICS.search(before(found).lower()) or "=" in after(found)
    )
    if letter or found["amount"] == "1":
        return None
    return f"{found['amount']} {language.words['fold']}"
