"""What all tests share."""

from collections.abc import Iterator

import jaxtyping
import pytest
import torch
from playwright.sync_api import Browser, expect, sync_playwright

from tools.browser import CURE, cure, find_browser, is_debian
from tools.site_server import ARGUMENTS

PATIENCE = 120_000  # ms that the page of a browser may take for its answer; a busy machine is no failure


@pytest.fixture
def generator() -> torch.Generator:
    """Return a seeded source of randomness, fresh for each test."""
    return torch.Generator().manual_seed(20)


@pytest.fixture(params=["cpu", *(["cuda"] if torch.cuda.is_available() else [])])
def device(request) -> str:
    """Run a test on the CPU, and on the GPU where there is one."""
    return request.param


@pytest.fixture
def unchecked() -> Iterator[None]:
    """Switch the shape checks off, as for a reader who imports the package: then our own messages must do."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture(scope="session")
def browser_path() -> str:
    """Return the path of an installed Chromium or Chrome. A missing browser fails the test: it never skips it."""
    path = find_browser()
    if path is None:
        pytest.fail(CURE.format(command=cure(debian=is_debian(), linux=True)), pytrace=False)
    return path


@pytest.fixture(scope="session")
def browser(browser_path: str) -> Iterator[Browser]:
    """Start a browser that resolves no name: only 127.0.0.1 can be reached. One serves all tests of a process."""
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE)
        browser = playwright.chromium.launch(executable_path=browser_path, args=ARGUMENTS)
        yield browser
        browser.close()
