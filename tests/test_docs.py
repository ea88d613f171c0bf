"""README and docs/: what they link to is there, and the laws are those that are cited."""

import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGES = (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"))


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """The files of this repository that a page links to, and what of them."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if "://" not in target:
            path, _, anchor = target.partition("#")
            yield (page.parent / path if path else page).resolve(), anchor


def anchors(page: Path) -> set[str]:
    """What a link may name of a page: its headings, as GitHub writes them."""
    headings = re.findall(r"(?m)^#+ (.+)$", page.read_text("utf-8"))
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def cited(folder: str) -> set[int]:
    """The numbers of the laws that the Python files of a folder cite."""
    texts = [path.read_text("utf-8") for path in (ROOT / folder).rglob("*.py")]
    found = re.findall(r"\b[Ll]aws? (\d+(?:(?:, | and )\d+)*)", "\n".join(texts))
    return {int(number) for numbers in found for number in re.findall(r"\d+", numbers)}


def test_what_a_page_links_to_is_there() -> None:
    """Files and headings; CONTRIBUTING.md is in the repository and not in a source archive."""
    for page in PAGES:
        for path, anchor in links(page):
            assert path.exists() or path.name == "CONTRIBUTING.md", f"{page.name}: {path.name}"
            if anchor:
                assert anchor in anchors(path), f"{page.name}: {path.name}#{anchor}"


def test_each_page_is_linked_from_the_readme() -> None:
    """Nothing in docs/ can only be found by who knows of it."""
    linked = {path for path, _ in links(ROOT / "README.md")}

    assert set((ROOT / "docs").glob("*.md")) <= linked


def test_the_laws_are_those_that_are_cited() -> None:
    """docs/architecture.md has each law that code or tests cite; tests cite each that it has."""
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    numbers = [int(number) for number in re.findall(r"(?m)^\*\*Law (\d+)\.", text)]

    assert numbers == sorted(set(numbers))
    assert cited("event_tracer") <= set(numbers)
    assert cited("tests") == set(numbers)


def spelt_out(text: str) -> set[str]:
    """The names in `text`, those in braces one by one: `a.{b,c}` is `a.b` and `a.c`."""
    found = set()
    for name in re.findall(r"`([\w./{},]+)`", text):
        before, brace, rest = name.partition("{")
        middle, _, after = rest.partition("}")
        found |= {f"{before}{each}{after}" for each in middle.split(",")} if brace else {name}
    return found


def test_attributes_are_those_that_spans_carry() -> None:
    """docs/attributes.md names each of our own, and none that there is not."""
    text = (ROOT / "docs" / "attributes.md").read_text("utf-8")
    core = "\n".join(path.read_text("utf-8") for path in (ROOT / "event_tracer/core").glob("*.py"))
    named = {name for name in spelt_out(text) if name.startswith("event_tracer.")}
    counted = {f"event_tracer.gap.{each}" for each in ("events", "containers")}

    assert named == set(re.findall(r'"(event_tracer\.[a-z_.]+)"', core)) | counted


def test_the_page_of_emitters_is_that_of_the_tables() -> None:
    """`python docs/emitters.py` has been run since the tables changed."""
    page = ROOT / "docs" / "emitters.py"
    made: dict[str, Any] = runpy.run_path(str(page))

    assert (ROOT / "docs" / "emitters.md").read_text("utf-8") == made["page"]() + "\n"
