"""The files of the page: all are served, and nothing in them breaks the page's own policy."""

from __future__ import annotations

import re

import pytest

from everdoor_portal.gateways.webdoor import load_pages

PAGES = load_pages("Bats & <Cats>")
OWN = [path for path in PAGES if "/vendor/" not in path]


def test_first_page_has_the_name_of_the_game() -> None:
    first = PAGES["/"].body.decode()
    assert "<title>Bats &amp; &lt;Cats&gt;</title>" in first and "{{" not in first


def test_first_page_has_nothing_inline_and_asks_for_what_there_is() -> None:
    first = PAGES["/"].body.decode()
    asked = re.findall(r'(?:src|href)="([^"#]+)"', first)
    assert {f"/{path}" for path in asked} <= set(PAGES)
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style| style=| on[a-z]+=", first) == []


@pytest.mark.parametrize("path", [path for path in OWN if path.endswith(".js")])
def test_script_imports_what_there_is_and_writes_no_html(path: str) -> None:
    text = PAGES[path].body.decode()
    imported = {f"/{found}" for found in re.findall(r'from "\./([^"]+)"', text)}
    assert imported <= set(PAGES)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)


def test_what_others_made_comes_with_its_licence() -> None:
    folders = {path.rpartition("/")[0] for path in PAGES if "/vendor/" in path}
    assert folders == {"/vendor/xterm", "/vendor/addon-fit"}
    assert all(f"{folder}/LICENSE.txt" in PAGES for folder in folders)
