"""A browser without a screen, for the tests that look at pages."""

import shutil

import pytest


@pytest.fixture(scope="module")
def browser():
    """A Chromium that Playwright drives (without its sandbox, as root needs it): the system's, or Playwright's own."""
    playwright = pytest.importorskip("playwright.sync_api", reason="the browser tests need: pip install playwright")
    with playwright.sync_playwright() as driver:
        found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        try:
            browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        except playwright.Error as error:
            pytest.skip(f"the browser tests need a Chromium: apt install chromium ({str(error).splitlines()[0]})")
        yield browser
        browser.close()
