"""The rules that keep the code readable, checked where a tool does not already."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter import cli

ROOT = Path(__file__).parent.parent
PACKAGES = ("config", "webhooks", "integrations", "connectors", "dealership")
LONGEST_FILE, LONGEST_FUNCTION = 400, 40
# Names that only a developer's tools know; operators set none of them.
NOT_FOR_OPERATORS = {"DJANGO_SETTINGS_MODULE"}


def own_files() -> list[Path]:
    """What git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def python_files() -> list[Path]:
    return [path for path in own_files() if path.suffix == ".py" and "migrations" not in path.parts]


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def test_imports_go_one_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)

    assert cli.lint_imports(no_cache=True) == cli.EXIT_STATUS_SUCCESS


def test_connectors_load_without_django() -> None:
    code = (
        "import pkgutil, sys, connectors\n"
        "for module in pkgutil.walk_packages(connectors.__path__, 'connectors.'):\n"
        "    if not module.name.endswith('__main__'): __import__(module.name)\n"
        "sys.exit('django' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_files_stay_short() -> None:
    lengths = {path.relative_to(ROOT): len(path.read_text().splitlines()) for path in python_files()}

    assert {path: length for path, length in lengths.items() if length > LONGEST_FILE} == {}


def test_functions_stay_short() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{function.lineno} {function.name}"
        for path in python_files()
        for function in functions(path)
        if (function.end_lineno or 0) - function.lineno >= LONGEST_FUNCTION
    ]

    assert long == []


def test_every_module_of_the_product_says_why_it_exists() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in python_files()
        if path.relative_to(ROOT).parts[0] in PACKAGES
        and path.read_text().strip()
        and not ast.get_docstring(ast.parse(path.read_text()))
    ]

    assert silent == []


def test_every_variable_is_explained_in_the_example() -> None:
    sources = (ROOT / "config" / "settings.py", ROOT / "integrations" / "timings.py", ROOT / "lotbridge")
    read = {
        name
        for source in sources
        for name in re.findall(r"(?:env\.\w+\(\s*|environ\.get\(|\(setting )\"?([A-Z][A-Z_]+)", source.read_text())
    }

    explained = set(re.findall(r"^([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M))

    assert explained == read - NOT_FOR_OPERATORS


def test_what_is_locked_names_no_host() -> None:
    for name in ("run.txt", "dev.txt"):
        assert "://" not in (ROOT / "requirements" / name).read_text()


def test_everything_locked_for_running_is_locked_alike_for_developing() -> None:
    run, dev = (
        set(re.findall(r"^(\S+==\S+)", (ROOT / "requirements" / name).read_text(), re.M))
        for name in ("run.txt", "dev.txt")
    )

    assert run <= dev


def test_the_queue_library_stays_below_the_version_that_the_guard_knows() -> None:
    assert '"django-q2>=1.11.1,<1.12"' in (ROOT / "pyproject.toml").read_text()


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "docs/operating.md"])
def test_a_guide_links_only_to_what_is_there(name: str) -> None:
    guide = ROOT / name
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", guide.read_text())

    assert [target for target in targets if not (guide.parent / target).exists()] == []
