"""A real browser for the tests of pages. They are skipped, with the reason, where there is none."""

import shutil
from contextlib import contextmanager

import pytest

#: What Chromium is called by the systems that ship it.
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

#: Width and height of the windows that pages are tried in.
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


def chromium():
    """Path of the Chromium on this machine; the test is skipped where there is none."""
    paths = [path for name in NAMES if (path := shutil.which(name))]
    if not paths:
        pytest.skip(f"needs a browser on the path: {', '.join(NAMES)}")
    return paths[0]


@contextmanager
def launched():
    """A Chromium without a window."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser, url, **options):
    """A page at an address, in a context of its own with Playwright's options.

    What its console complains of is in ``page.complaints``, and every address it asked for in
    ``page.asked``.
    """
    context = browser.new_context(**options)
    page = context.new_page()
    page.complaints, page.asked = [], []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on(
        "console",
        lambda message: (
            page.complaints.append(message.text) if message.type in ("error", "warning") else None
        ),
    )
    page.on("request", lambda request: page.asked.append(request.url))
    try:
        page.goto(url)
        yield page
    finally:
        context.close()


def violations(page):
    """What axe-core finds against the accessibility of a page: rule, places."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page).response["violations"]
    return [(rule["id"], [node["target"] for node in rule["nodes"]]) for rule in found]
