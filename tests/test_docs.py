"""What docs and docstrings refer to exists: sections of docs/official-format.md, links, files, modules and names."""

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("gfla_cli", "pipelines", "models", "tests", "examples", "benchmarks")
FORMAT = ROOT / "docs" / "official-format.md"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")), ROOT / "tests" / "README.md"]
PAGES += sorted((ROOT / "pipelines").rglob("README.md"))
MODULES = [path for folder in PACKAGES for path in sorted((ROOT / folder).rglob("*.py")) if path != Path(__file__)]

NUMBER = r"\d{1,2}(?:\.\d{1,2})?"
# One or several numbers: "9.5", "3.8 and 9.4", "8.2, 8.3, 9.3 and 10".
NUMBERS = rf"{NUMBER}(?:(?:,\s+(?:and\s+)?|\s+and\s+){NUMBER})*(?![\d.]*\d)"
# "section 9.5", "sections 3.8 and 9.4"; what precedes or follows says whether it is the paper's.
SECTION = re.compile(rf"(?P<paper>paper,\s+)?\b[Ss]ection(?:s\s+(?P<many>{NUMBERS})|\s+(?P<one>{NUMBER})(?!\d))")
OF_THE_PAPER = re.compile(r"\s+of\s+the\s+(?:\w+\s+)?paper\b")
# Short forms that name the page: "official format, 9.5", "docs/official-format.md 9.3".
SHORT = re.compile(rf"official[- ]format(?:\.md)?,?\s+(?P<many>{NUMBERS})")
# "(9.3)" alone, which counts in docstrings and comments of a module that names the page.
BARE = re.compile(r"\((?P<many>\d{1,2}\.\d{1,2})\)")
NAMES_THE_PAGE = re.compile(r"official[- ]format")

HEADING = re.compile(r"^#{1,6}\s+(?P<title>.+?)\s*$", re.MULTILINE)
ITEM = re.compile(rf"^\* \*\*(?P<number>{NUMBER})\*\*", re.MULTILINE)
CODE_BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")

ROOTED = "|".join((*PACKAGES, "docs"))
PATH = re.compile(rf"(?<![\w./-])(?:{ROOTED})/[\w./-]*\w")
SOURCE = re.compile(r"`(?P<path>[\w./-]+\.py)`")
DOTTED = re.compile(rf"(?<![\w./-])(?:{'|'.join(PACKAGES)})(?:\.(?!md\b)[A-Za-z_]\w*)+")
IMPORT = re.compile(rf"^from (?P<module>(?:{'|'.join(PACKAGES)})[\w.]*) import (?P<names>[\w, ]+)$", re.MULTILINE)


def prose(path: Path, text: str) -> str:
    """The part of a file that people read: a page as it is; of a module its docstrings, then its comments."""
    if path.suffix == ".md":
        return text
    values = (node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Expr))
    strings = [value.value for value in values if isinstance(value, ast.Constant) and isinstance(value.value, str)]
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    comments = [token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT]
    return "\n\n".join(strings) + "\n\n" + "\n".join(comments)


PROSE = {path.relative_to(ROOT): prose(path, path.read_text()) for path in (*PAGES, *MODULES)}


def cited_sections(text: str, *, module: bool = False) -> list[str]:
    """The numbers of the official format's sections that a text cites; `module`: bare ones in parentheses too."""
    found = [match for match in SECTION.finditer(text) if not _cites_the_paper(match)]
    found += SHORT.finditer(text)
    if module and NAMES_THE_PAGE.search(text):
        found += BARE.finditer(text)
    groups = [match.groupdict() for match in found]
    return [number for group in groups for number in re.findall(NUMBER, group["many"] or group["one"])]


def _cites_the_paper(match: re.Match) -> bool:
    return bool(match["paper"] or OF_THE_PAPER.match(match.string, match.end()))


def numbered_sections(page: str) -> set[str]:
    """Numbers of the headings of a page, "9.5" or "9", and of list items like `* **11.19** ...`."""
    titles = (match["title"] for match in HEADING.finditer(CODE_BLOCK.sub("", page)))
    numbers = (re.match(rf"{NUMBER}(?=\s)", title) for title in titles)
    return {number[0] for number in numbers if number} | {match["number"] for match in ITEM.finditer(page)}


def anchors(page: str) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    result, seen = set(), Counter()
    for match in HEADING.finditer(CODE_BLOCK.sub("", page)):
        title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", match["title"]).lower()
        slug = re.sub(r"[^\w\- ]", "", title).replace(" ", "-")
        result.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return result


def broken_links(page: str, folder: Path, own: Path | None = None) -> list[str]:
    """Relative links of a page in `folder` to files or anchors that don't exist; `own` is the page's file."""
    broken = []
    for match in LINK.finditer(CODE_BLOCK.sub("", page)):
        target, _, anchor = match["target"].partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        file = folder / target if target else own
        known = anchors(file.read_text()) if file and file.suffix == ".md" and file.is_file() else set()
        if not file or not file.exists() or (anchor and anchor not in known):
            broken.append(match["target"])
    return broken


def missing_names(text: str, *, page: bool = False) -> list[str]:
    """Files, modules and names in modules that a text mentions and that don't exist; those of a page may be relative to
    one of the packages, and its examples import names."""
    paths, names = PATH.findall(text), DOTTED.findall(text)
    if page:
        paths += [match["path"] for match in SOURCE.finditer(text) if "/" in match["path"]]
        imports = ((match["module"], match["names"].split(",")) for match in IMPORT.finditer(text))
        names += [f"{module}.{name.strip()}" for module, imported in imports for name in imported]
    bases = (ROOT, ROOT / "pipelines", ROOT / "models") if page else (ROOT,)
    gone = [path for path in paths if not any((base / path).exists() for base in bases)]
    return list(dict.fromkeys(gone + [name for name in names if not exists(name)]))


@cache
def exists(dotted: str) -> bool:
    """Whether `package.module`, `package.module.name` or `package.module.Class.name` exists."""
    parts = dotted.split(".")
    for count in range(len(parts), 0, -1):
        place = ROOT.joinpath(*parts[:count])
        if place.is_dir() and count == len(parts):
            return True
        for file in (place.with_suffix(".py"), place / "__init__.py"):
            if file.is_file():
                return _binds(ast.parse(file.read_text()).body, parts[count:])
    return False


def _binds(body: list[ast.stmt], names: list[str]) -> bool:
    if not names:
        return True
    for node in body:
        if isinstance(node, ast.ClassDef) and node.name == names[0]:
            return _binds(node.body, names[1:])
        if names[0] in _bound(node):
            return len(names) == 1
    return False


def _bound(node: ast.stmt) -> Iterator[str]:
    """Names that one statement of a module or class defines."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name for alias in node.names)
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from (name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name))
    elif isinstance(node, ast.If):
        yield from (name for child in node.body for name in _bound(child))


def test_every_cited_section_of_the_official_format_exists() -> None:
    known = numbered_sections(FORMAT.read_text())
    cited = {str(path): cited_sections(text, module=path.suffix == ".py") for path, text in PROSE.items()}
    assert sum(map(len, cited.values())) > 50
    assert not {path: wrong for path, numbers in cited.items() if (wrong := set(numbers) - known)}


def test_every_relative_link_of_a_page_leads_somewhere() -> None:
    assert not {page.name: wrong for page in PAGES if (wrong := broken_links(page.read_text(), page.parent, page))}


def test_every_file_module_and_name_that_is_mentioned_exists() -> None:
    assert not {
        str(path): wrong for path, text in PROSE.items() if (wrong := missing_names(text, page=path.suffix == ".md"))
    }


def test_messages_name_pages_that_exist() -> None:
    named = {page for path in MODULES for page in re.findall(r"docs/[\w-]+\.md", path.read_text())}
    assert "docs/datasets.md" in named
    assert not [page for page in named if not (ROOT / page).is_file()]


@pytest.mark.parametrize(
    ("text", "sections"),
    [
        ("(official format, section 9.5)", ["9.5"]),
        ("docs/official-format.md, section 9.2: heat maps", ["9.2"]),
        ("(official format, sections 8.2, 8.3, 9.3 and 10).", ["8.2", "8.3", "9.3", "10"]),
        ("as section 3.8, and sections 3.8 and 9.4", ["3.8", "3.8", "9.4"]),
        ("beyond the ends of a clip (official format,\n    section 9.4).", ["9.4"]),
        ("section 9.7 of the official format", ["9.7"]),
        ("Section 11.19. 30 frames", ["11.19"]),
        ("pixel by pixel (official format, 9.5).", ["9.5"]),
        ("in metres (official-format 9.3)", ["9.3"]),
        ("official format, section 8.2, 30 frames", ["8.2"]),
        ("(paper, section 3.2)", []),
        ("(animation paper, section 3.1): a track", []),
        ("section 3.5 of the paper's extension", []),
        ("section 3.5 of the animation paper", []),
        ("cut in sections of 3.5 seconds", []),
        ("zero if missing (9.1)", []),
    ],
)
def test_citations_are_found(text: str, sections: list[str]) -> None:
    assert cited_sections(text) == sections


def test_bare_numbers_count_in_a_module_that_names_the_page() -> None:
    module = (
        '"""Maps (official format, section 9.1)."""\ndef draw():\n    """Lines (9.3)."""\n    return (2.5)  # (11.2)\n'
    )
    assert cited_sections(prose(Path("maps.py"), module), module=True) == ["9.1", "9.3", "11.2"]
    assert cited_sections('"""Waits for a while (2.5)."""', module=True) == []


def test_sections_and_anchors_are_those_of_headings_and_items() -> None:
    page = (
        "# Page\n## 9 Data\n### 9.5 Faces (`x`, 16)\n```\n# 7 code\n```\n* **11.2** odd\n* 12.1 no\n## Data\n## Data\n"
    )
    assert numbered_sections(page) == {"9", "9.5", "11.2"}
    assert anchors(page) == {"page", "9-data", "95-faces-x-16", "data", "data-1"}


def test_broken_links_are_found(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# Some Title\n")
    (tmp_path / "code.py").touch()
    good = "[a](other.md) [b](other.md#some-title) [c](code.py) [d](https://example.org/x) ![e](.)"
    assert not broken_links(good, tmp_path)
    bad = "[a](gone.md) [b](other.md#gone) [c](code.py#gone) [d](#gone)"
    assert broken_links(bad, tmp_path) == ["gone.md", "other.md#gone", "code.py#gone", "#gone"]


def test_missing_files_and_names_are_found() -> None:
    good = "models/flow.py, `flow.py`, `generators/parts.py`, tests/golden/, models.flow.FlowNet.forward, models.md."
    assert not missing_names(good + "\nfrom models.flow import FlowNet, torch\n", page=True)
    bad = "pipelines/gone.py, `keypoints/gone.py`, models.gone, models.flow.Gone and models.flow.FlowNet.gone"
    gone = ["models.gone", "models.flow.Gone", "models.flow.FlowNet.gone"]
    assert missing_names(bad) == ["pipelines/gone.py", *gone]
    assert missing_names(bad, page=True) == ["pipelines/gone.py", "keypoints/gone.py", *gone]
    assert missing_names("from models.flow import FlowNet, Gone", page=True) == ["models.flow.Gone"]
