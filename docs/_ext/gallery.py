"""Reports for the gallery: small runs whose reports the site shows as they are.

They are made where the site is built, and made anew only after the package or the specs changed.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import recycling as rc

if TYPE_CHECKING:
    from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parents[1]
ROOT = DOCS.parent
FOLDER = ROOT / "build" / "gallery"
#: Specs of the runs by the name of their page; each takes seconds.
SPECS = {
    "theory": 'name = "theory"\nmeasurement = { shots = "exact", trials = 1 }\n'
    'device.profile = "ideal"\n',
    "noisy": 'name = "noisy"\nseed = 7\nmeasurement = { shots = 4000, trials = 3 }\n'
    "[sweep]\ntheta_b = { start = 0.0, stop = 0.785398, points = 5 }\np_x = [0.1, 0.2, 0.3, 0.4]\n",
    "repeat-until-success": 'name = "repeat-until-success"\nseed = 7\n'
    'algorithm.name = "repeat-until-success"\nmeasurement = { shots = 4000, trials = 3 }\n'
    "[sweep]\ntheta = [0.3, 0.5, 0.7]\np_x = [0.1, 0.2, 0.3, 0.4]\n",
}


def stamp() -> str:
    """What the reports depend on: the package and the specs."""
    digest = sha256(repr(SPECS).encode())
    for path in sorted((ROOT / "recycling").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(path.read_bytes())
    return digest.hexdigest()


def make(folder: Path) -> None:
    """Run every spec and keep its report."""
    current, mark = stamp(), folder / "stamp"
    if mark.exists() and mark.read_text() == current:
        return
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as scratch:
        for name, text in SPECS.items():
            run = rc.run(rc.Experiment.parse(text), out=f"{scratch}/{name}")
            copyfile(rc.report(run), folder / f"{name}.html")
    mark.write_text(current)


def _into_site(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        target = Path(app.outdir) / "gallery"
        target.mkdir(exist_ok=True)
        for name in SPECS:
            copyfile(FOLDER / f"{name}.html", target / f"{name}.html")


def _prepare(_app: Sphinx, _config: Any) -> None:
    make(FOLDER)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register what makes the reports and what copies them."""
    app.connect("config-inited", _prepare)
    app.connect("build-finished", _into_site)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
