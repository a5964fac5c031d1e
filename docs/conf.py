"""Sphinx: how the pages in this folder become the site. Nothing is fetched from anywhere."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import recycling  # noqa: E402

project = "recycling"
author = "The recycling authors"
project_copyright = author
version = release = recycling.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
    "docs._ext.mathtext",
    "docs._ext.api",
    "docs._ext.equations",
    "docs._ext.reference",
    "docs._ext.accessible",
    "docs._ext.gallery",
    "docs._ext.llms",
]
exclude_patterns = ["_ext", "_static", "Thumbs.db", ".DS_Store"]

# Equations are drawn while the site is built: no script and no font is asked for.
html_math_renderer = "mathtext"
myst_enable_extensions = ["dollarmath", "colon_fence", "deflist", "attrs_inline"]
myst_heading_anchors = 4
# Notebooks are stored with their outputs, and checked for staleness where they are executed.
nb_execution_mode = "off"

nitpicky = True
# Types of other packages have no page here, and nothing is fetched to find theirs.
nitpick_ignore_regex = [("py:.*", ".*")]
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
napoleon_use_rtype = False
napoleon_custom_sections = ["Source"]
# Docstrings write names in single backticks.
default_role = "code"

html_theme = "furo"
html_title = f"recycling {version}"
html_static_path = ["_static"]
html_favicon = "_static/favicon.svg"
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
copybutton_exclude = ".linenos, .gp, .go"
