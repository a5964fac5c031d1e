"""Symbols as they are printed: the names of text outputs become letters with indices in pages.

Text outputs keep plain names such as ``Q_tight``. This module alone maps them: to HTML that still
reads, copies and searches as the plain name, and to the notation of matplotlib.
"""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from circuits.design import GREEK

#: A letter, perhaps with Δ before it and a prime behind it, and its index after "_"; or the
#: temperature T0, perhaps as kT0. Not within keys, paths or longer words: behind a slash only where
#: that divides, after a bracket or by T0. T1 and T2 of a qubit are written as its calibration
#: writes them.
_NAMES = re.compile(
    r"(?<![\w.\[-])(?<!(?<!\))/)(?P<delta>Δ?)(?P<letter>"
    + "|".join(GREEK)
    + r"|[A-Za-zα-ωΑ-Ω])(?P<prime>'?)"
    r"(?P<bar>_)(?P<index>[A-Za-z]+\d*|\d+)(?![\w\[-]|\.\w)"
    r"|(?<![\w.\[-])(?P<short>k?T)(?P<number>0)(?![\w\[]|[.-]\w)"
)
#: How a letter is spoken, where it is not spoken as itself.
_SPOKEN = {letter: name for name, letter in GREEK.items()}


def typeset(text: str) -> Markup:
    """Write text as HTML with its symbols set: italic letter, lowered index, and a spoken name.

    The text of the element stays the plain name, so that it is found by a search and copied as it
    is written elsewhere; its underscore has no width.

    Example:
        >>> from markupsafe import Markup
        >>> shown = typeset("ΔQ_B < Q_tight")
        >>> Markup(shown).striptags()
        'ΔQ_B < Q_tight'
        >>> 'aria-label="Q tight"' in shown
        True
        >>> print(typeset("feedforward_latency and sweep.p_x stay"))
        feedforward_latency and sweep.p_x stay
    """
    parts, end = [], 0
    for match in _NAMES.finditer(text):
        parts += [escape(text[end : match.start()]), _element(match)]
        end = match.end()
    return Markup("").join([*parts, escape(text[end:])])


def formula(text: str) -> str:
    r"""Write the symbols of a label in the notation of matplotlib.

    Example:
        >>> formula("ΔQ_B − Q_tight (hf)")
        '$\\Delta Q_{B}$ − $Q_{\\mathrm{tight}}$ (hf)'
        >>> formula(r"$p_x$")
        '$p_x$'
    """
    if "$" in text:
        return text
    return _NAMES.sub(_in_matplotlib, text)


def spoken(name: str) -> str:
    """Say a symbol in words.

    Example:
        >>> spoken("ΔQ_B"), spoken("θ_b"), spoken("p_x"), spoken("T0")
        ('Delta Q B', 'theta b', 'p x', 'T 0')
    """
    match = _NAMES.fullmatch(name)
    if match is None:
        return name
    delta, letter, prime, _, index = _parts(match)
    words = ["Delta" if delta else "", _SPOKEN.get(letter, letter), "prime" if prime else "", index]
    return " ".join(word for word in words if word)


def _parts(match: re.Match[str]) -> tuple[str, str, str, str, str]:
    """Parts of a symbol: Δ, its letter, a prime, the bar before its index, and the index."""
    if match["short"]:
        return "", match["short"], "", "", match["number"]
    letter = GREEK.get(match["letter"], match["letter"])
    return match["delta"], letter, match["prime"], "_", match["index"]


def _element(match: re.Match[str]) -> Markup:
    delta, letter, prime, bar, index = _parts(match)
    joint = Markup("<s>_</s>") if bar else ""
    return Markup(
        '<span class="symbol" role="math" aria-label="{}">{}<i>{}</i>{}{}<sub>{}</sub></span>'
    ).format(spoken(match[0]), delta, letter, prime, joint, index)


def _in_matplotlib(match: re.Match[str]) -> str:
    delta, letter, prime, _, index = _parts(match)
    greek = {value: f"\\{name}" for name, value in GREEK.items()}
    index = rf"\mathrm{{{index}}}" if len(index) > 1 else index
    before = r"\Delta " if delta else ""
    return f"${before}{greek.get(letter, letter)}{prime}_{{{index}}}$"
