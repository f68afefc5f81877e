"""Every link and image within the repository leads somewhere, to the very heading."""

from __future__ import annotations

import re
from posixpath import normpath

import pytest

from investiq.foundation.checkout import checkout
from tests.docs.pages import FOLDERS, Page, guide, pages

OF_ONE_MACHINE = re.compile(r"(?<![\w.~])/(?:home|root|tmp|Users|work)/\S*|[A-Z]:\\\S*")


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Page) -> None:
    assert [target for target in page.links if not _leads_somewhere(page, target)] == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_no_page_names_a_path_of_the_machine_that_it_was_written_on(page: Page) -> None:
    assert OF_ONE_MACHINE.findall(page.text) == []


def test_the_index_leads_to_every_page_of_the_guide() -> None:
    index = next(page for page in pages() if page.name == "docs/README.md")
    named = {normpath(f"docs/{target}") for target in index.links}
    assert {page.name for page in guide() if page.name.startswith(FOLDERS)} - named == {index.name}


def _leads_somewhere(page: Page, target: str) -> bool:
    path, _, anchor = target.partition("#")
    file = (checkout() / page.name).parent / path if path else checkout() / page.name
    if not file.exists():
        return False
    return not anchor or anchor in Page.read(file.resolve()).anchors
