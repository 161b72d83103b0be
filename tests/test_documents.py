"""Files, headings, classes and functions that code and documents point to exist in the repository.

The test reads every text file of ours. A pointer is

- a name that ends in ``.md``, with or without ``#heading``, anywhere: from the repository's root, or beside the file
  that names it;
- a link in Markdown to a target that is not on another host;
- in Markdown, a path in backticks that begins with one of our folders;
- in Markdown, a Python file in backticks with names in parentheses behind it: ``file.py`` (``Class.method``,
  ``function``);
- in Markdown, a class in backticks, with or without a method: it is in some file of ours;
- in Python, YAML, TOML and shell, a path that begins with one of our folders;
- in comments and docstrings, a dotted name that begins with one of our packages.
"""

from __future__ import annotations

import ast
import io
import re
import stat
import tokenize
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = tuple(sorted(each.name for each in ROOT.iterdir() if each.is_dir() and not each.name.startswith(".")))
PACKAGES = tuple(folder for folder in FOLDERS if any((ROOT / folder).glob("**/*.py")))
SUFFIXES = {".py", ".md", ".toml", ".yaml", ".yml", ".sh", ".html", ".txt", ".js", ".css", ".lua", ".ini", ""}
#: Folders that are installed, built or measured here, and are not ours.
NOT_OURS = {"__pycache__", "htmlcov", "dist", "fonts", "node_modules"}

#: Classes of libraries that documents name, and the glossary's last column, which has a separate test.
OTHERS = {"HttpToolsProtocol", "Protocol"}
GLOSSARY = Path("docs/glossary.md")

_MARKDOWN_NAME = re.compile(r"(?<![\w/.*-])((?:[\w.-]+/)*[\w.-]+\.md)\b(?:#([\w-]+))?")
_PATH = re.compile(rf"(?<![\w/.-])(?:{'|'.join(FOLDERS)})/[\w./-]*\w\.(?:py|md|sh|lua|html|txt|js|json|yaml)\b")
_DOTTED = re.compile(rf"(?<![\w./@-])(?:{'|'.join(PACKAGES)})(?:\.\w+)+")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_BACKTICKS = re.compile(r"`([^`\n]+)`")
_NAMES_IN_FILE = re.compile(r"`([\w./-]+\.py)`\s+\(((?:`[\w.]+`(?:,\s+)?)+)\)")
_CLASS = re.compile(r"`([A-Z]\w*[a-z]\w*)((?:\.\w+)?)`")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_CODE_BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def texts() -> Iterator[Path]:
    """Every text file of ours, by its path from the root."""
    tops = [each for each in ROOT.iterdir() if each.is_file()]
    hidden = [ROOT / ".ci/run"]
    inside = [each for folder in FOLDERS for each in (ROOT / folder).rglob("*") if each.is_file()]
    for path in sorted({*tops, *hidden, *inside}):
        relative = path.relative_to(ROOT)
        if path.suffix in SUFFIXES and NOT_OURS.isdisjoint(relative.parts) and path.name != ".git":
            yield relative


@cache
def text_of(path: Path) -> str:
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:  # not a text, whatever its name says
        return ""


@cache
def anchors(path: Path) -> frozenset[str]:
    """The anchors that GitHub gives to a document's headings."""
    found: Counter[str] = Counter()
    anchored = set()
    for heading in _HEADING.findall(_CODE_BLOCK.sub("", text_of(path))):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).strip().replace(" ", "-")
        anchored.add(f"{slug}-{found[slug]}" if found[slug] else slug)
        found[slug] += 1
    return frozenset(anchored)


@cache
def names_in(path: Path) -> frozenset[str]:
    """Classes, functions, methods (``Class.method``) and constants of a module."""
    names = set()
    for node in ast.parse(text_of(path)).body:
        names |= _bound(node)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{name}" for each in node.body for name in _bound(each)}
    return frozenset(names)


@cache
def class_names() -> frozenset[str]:
    """Every class of ours, and every ``Class.method``."""
    modules = [path for path in texts() if path.suffix == ".py"]
    return frozenset(
        name
        for path in modules
        for node in ast.walk(ast.parse(text_of(path)))
        if isinstance(node, ast.ClassDef)
        for name in (node.name, *(f"{node.name}.{name}" for each in node.body for name in _bound(each)))
    )


def _bound(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)}


def places_of(name: str, named_in: Path) -> list[Path]:
    """The places where a file of that name may be: from the root, or beside the file that names it."""
    beside = Path(*(ROOT / named_in).parent.joinpath(name).resolve().parts)
    return [ROOT / name, beside]


def lost_documents(path: Path) -> Iterator[str]:
    for name, anchor in _MARKDOWN_NAME.findall(text_of(path)):
        found = next((place for place in places_of(name, path) if place.is_file()), None)
        if found is None:
            yield name
        elif anchor and anchor not in anchors(found.relative_to(ROOT)):
            yield f"{name}#{anchor}"


def lost_links(path: Path) -> Iterator[str]:
    for target in _LINK.findall(_CODE_BLOCK.sub("", text_of(path))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        found = (ROOT / path).parent / name if name else ROOT / path
        if not found.exists() or (anchor and anchor not in anchors(found.resolve().relative_to(ROOT))):
            yield target


def lost_paths(path: Path) -> Iterator[str]:
    beginnings = tuple(f"{folder}/" for folder in (*FOLDERS, ".ci"))
    for quoted in _BACKTICKS.findall(_CODE_BLOCK.sub("", text_of(path))):
        is_path = quoted.startswith(beginnings) and not re.search(r"[\s*{<…]", quoted)
        if is_path and not (ROOT / quoted).exists():
            yield quoted


def lost_names(path: Path) -> Iterator[str]:
    for file, names in _NAMES_IN_FILE.findall(text_of(path)):
        known = names_in(Path(file)) if (ROOT / file).is_file() else frozenset()
        yield from (f"{file} ({name})" for name in _BACKTICKS.findall(names) if name not in known)


def prose_of(source: str) -> Iterator[str]:
    """The docstrings and comments of a module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node, clean=False) or ""
    yield from (t.string for t in tokenize.generate_tokens(io.StringIO(source).readline) if t.type == tokenize.COMMENT)


def is_ours(dotted: str) -> bool:
    """Whether the dotted name is a package or module of ours, or something that one has."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        place = ROOT.joinpath(*parts[:length])
        if (module := place.with_suffix(".py")).is_file() or (module := place / "__init__.py").is_file():
            return length == len(parts) or parts[length] in names_in(module.relative_to(ROOT))
    return ROOT.joinpath(*parts).is_dir()


def lost_classes(path: Path) -> Iterator[str]:
    named = {f"{name}{member}" for name, member in _CLASS.findall(text_of(path)) if name not in OTHERS}
    yield from sorted(named - class_names())


#: Endings of files that run, or say how to.
CODE = {".py", ".toml", ".yaml", ".sh", ".lua", ""}
ALL = sorted(texts())
DOCUMENTS = [path for path in ALL if path.suffix == ".md"]


def test_every_document_that_is_named_is_here() -> None:
    assert {path.as_posix(): lost for path in ALL if (lost := sorted(set(lost_documents(path))))} == {}


def test_every_path_that_code_names_is_here() -> None:
    named = {path: set(_PATH.findall(text_of(path))) for path in ALL if path.suffix in CODE}
    lost = {
        path.as_posix(): sorted(name for name in names if not any(ROOT.glob(name))) for path, names in named.items()
    }
    assert {path: names for path, names in lost.items() if names} == {}


def test_every_module_that_prose_names_is_here() -> None:
    lost = {
        (path.as_posix(), name)
        for path in ALL
        if path.suffix == ".py"
        for text in prose_of(text_of(path))
        for name in _DOTTED.findall(text)
        if not is_ours(name)
    }
    assert lost == set()


@pytest.mark.parametrize("path", DOCUMENTS, ids=Path.as_posix)
def test_links_lead_somewhere(path: Path) -> None:
    assert list(lost_links(path)) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=Path.as_posix)
def test_paths_in_documents_are_here(path: Path) -> None:
    assert list(lost_paths(path)) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=Path.as_posix)
def test_names_in_documents_are_in_their_files(path: Path) -> None:
    assert list(lost_names(path)) == []


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if path != GLOSSARY], ids=Path.as_posix)
def test_classes_in_documents_are_in_the_code(path: Path) -> None:
    assert list(lost_classes(path)) == []


def test_the_floors_are_those_that_import_linter_holds() -> None:
    contracts = tomllib.loads(text_of(Path("pyproject.toml")))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract.get("containers") == ["application"])
    rooms = [{room for room in layer.split(" | ") if (ROOT / "application" / room).is_dir()} for layer in layers]
    floors = re.findall(r"^\| \d \| (.*) \|$", text_of(Path("docs/architecture.md")), re.MULTILINE)
    assert [set(re.findall(r"`application/(\w+)`", floor)) for floor in floors] == [floor for floor in rooms if floor]


def test_every_finding_can_be_run_and_is_in_the_table() -> None:
    scripts = sorted((ROOT / "findings").glob("*.sh"))
    table = text_of(Path("findings/README.md"))
    assert [each.name for each in scripts if not each.stat().st_mode & stat.S_IXUSR] == []
    assert [each.name for each in scripts if f"`{each.name}`" not in table] == []
