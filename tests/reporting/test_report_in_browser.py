"""The report in a real browser: one file that asks nobody for anything."""

import pytest

import recycling as rc
from tests.browser import DESKTOP, PHONE, launched, opened

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser():
    with launched() as found:
        yield found


@pytest.fixture(scope="module")
def address(small_run):
    rc.analyse(small_run)
    return rc.report(small_run).as_uri()


@pytest.mark.parametrize("window", [DESKTOP, PHONE])
def test_the_report_asks_for_nothing_but_itself(browser, address, window):
    with opened(browser, address, viewport=window) as page:
        assert "small" in page.title()
        assert [url for url in page.asked if not url.startswith("data:")] == [address]
        assert page.complaints == []
