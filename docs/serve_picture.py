"""Makes docs/serve.png, the list of ``recycling serve``: ``python -m docs.serve_picture``.

It needs a Chromium, as the tests in the browser do. The runs in it are simulated here.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import recycling as rc
from recycling.campaign.server import listening
from recycling.serving.application import application
from recycling.store.bundle import write_bundle
from recycling.sweeps.run import sweep
from tests.browser import launched, opened

TARGET = Path(__file__).with_name("serve.png")
_SWEEP = """\
name = "chips"
algorithm.name = "repeat-until-success"
device = { profile = "ideal", t1 = 1e-4, t2 = 1e-4 }
[sweep]
theta = [0.2, 0.4, 0.6]
p_x = [0.1, 0.2, 0.4]
[sweep.over]
samples = 64
"device.readout_error" = { random = [0, 0.1] }
"""


def main() -> None:
    """Write the picture."""
    with TemporaryDirectory() as place:
        folder = Path(place) / "runs"
        for name, spec, bath in (
            ("paper", "paper", {}),
            ("paper-at-30-mK", "paper", {"bath__temperature": 0.03}),
            ("theory", "theory", {}),
        ):
            run = rc.run(rc.load(spec).with_(**bath), out=folder / name)
            rc.analyse(run)
        write_bundle(run, folder / "theory.zip")
        torn = rc.run(rc.load("theory"), out=folder / "copied-in-part").path
        for name in ("run.json", "run.json.copy"):
            (torn / name).write_bytes((torn / name).read_bytes()[:900])
        sweep(rc.Experiment.parse(_SWEEP), folder / "chips", workers=0)
        app = application(folder)
        with listening(0, app) as address, launched() as browser:
            app.test_client().get("/", base_url=address)
            app.extensions["shelf"].wait()
            window = {"width": 1200, "height": 700}
            with opened(browser, address, viewport=window, color_scheme="light") as page:
                page.locator("h1 small").evaluate("each => { each.textContent = 'in runs' }")
                page.get_by_text("run.json is damaged").evaluate(
                    "(each, place) => { each.textContent = each.textContent.replace(place, '') }",
                    f"{place}/",
                )
                page.screenshot(path=TARGET, full_page=True)


if __name__ == "__main__":
    main()
