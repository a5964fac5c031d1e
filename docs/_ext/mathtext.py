"""Equations as drawings: TeX is set by matplotlib while the site is built, into the page itself.

The glyphs take the colour of the text around them, so that they are legible in the dark too. A
reader of the screen gets the TeX.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np
from docutils import nodes
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.textpath import text_to_path
from sphinx.util import logging

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator

#: Points of an em; glyphs are drawn at this size and scaled with the text.
_EM = 100.0
_COMMANDS = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C"}


def drawing(tex: str) -> str:
    """Draw an equation as SVG of the height of the text around it.

    Raises:
        ValueError: matplotlib does not know a command in it.
    """
    font = FontProperties(size=_EM, math_fontfamily="stix")
    text = f"${' '.join(tex.split())}$"
    scale = _EM / text_to_path.FONT_SCALE
    width, height, depth = (
        scale * size for size in text_to_path.get_text_width_height_descent(text, font, ismath=True)
    )
    vertices, codes = text_to_path.get_text_path(font, text, ismath=True)
    if not len(vertices):
        return ""
    outline = Path(scale * np.asarray(vertices), codes)
    pad = 4.0
    box = f"0 {-(height - depth) - pad:.0f} {width:.0f} {height + 2 * pad:.0f}"
    return (
        f'<svg role="img" aria-label="{escape(text[1:-1])}" viewBox="{box}" '
        f'style="width:{width / _EM:.3f}em;height:{(height + 2 * pad) / _EM:.3f}em;'
        f'vertical-align:{-(depth + pad) / _EM:.3f}em">'
        f'<path fill="currentColor" d="{_steps(outline)}"/></svg>'
    )


def _steps(outline: Path) -> str:
    """The outline in the letters of SVG, whose y points down."""
    steps = []
    for points, code in outline.iter_segments(simplify=False, curves=True):
        if code == Path.CLOSEPOLY:
            steps.append("Z")
            continue
        numbers = [f"{(-value if i % 2 else value):.1f}" for i, value in enumerate(points)]
        steps.append(_COMMANDS[code] + " ".join(numbers))
    return "".join(steps)


def _drawn(node: nodes.math | nodes.math_block) -> str:
    """Drawing of a node; one that cannot be drawn is a warning, and its TeX is shown."""
    try:
        return drawing(node.astext())
    except ValueError as error:
        reason = str(error).splitlines()[-1]
        logging.getLogger(__name__).warning("equation: %s", reason, location=node)
        return f"<code>{escape(node.astext())}</code>"


def _inline(self: HTML5Translator, node: nodes.math) -> None:
    self.body.append(f'<span class="math">{_drawn(node)}</span>')
    raise nodes.SkipNode


def _block(self: HTML5Translator, node: nodes.math_block) -> None:
    label = node["label"] if node.get("label") else ""
    place = f' id="{escape(node["ids"][0])}"' if node.get("ids") else ""
    number = f'<span class="eqno">({escape(str(node["number"]))})</span>' if label else ""
    self.body.append(f'<div class="math" tabindex="0"{place}>{_drawn(node)}{number}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer."""
    app.add_html_math_renderer("mathtext", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
