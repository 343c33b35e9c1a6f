"""docs/security.md names tests that exist, and ruff's security rules have no silent exceptions."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent.parent
DOCUMENT = (ROOT / "docs/security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", DOCUMENT)))


def _tests_of(name: str) -> set[str]:
    tree = ast.parse((ROOT / name).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, kinds) and node.name.startswith("test_")}


@pytest.mark.parametrize(("file", "test"), NAMED, ids=lambda part: part.rpartition("/")[2])
def test_every_test_that_is_named_exists(file: str, test: str) -> None:
    assert (ROOT / file).exists()
    assert test in _tests_of(file)


def test_every_threat_has_its_test() -> None:
    rows = [line for line in DOCUMENT.splitlines() if re.match(r"\| (?!attempt|who|-)", line)]
    threats = [
        row
        for row in rows
        if row.count("|") == 4
        and not re.match(r"\| (an? (outsider|member|admin|file|model|provider))[ ,|]*(a \w+ )?\|", row)
    ]
    assert len(threats) > 45
    assert [row for row in threats if "::test_" not in row] == []
    assert len(NAMED) > 60


SOURCES = sorted(path for top in ("bot", "adapters", "benchmarks") for path in (ROOT / top).rglob("*.py"))


def test_each_exception_to_the_security_rules_has_its_reason() -> None:
    """A `noqa` of an S rule is followed by a reason in brackets, and whole folders are excepted only where no stranger
    ever writes."""
    lines = [line for path in SOURCES for line in path.read_text(encoding="utf-8").splitlines()]
    excepted = [line for line in lines if re.search(r"# noqa:[^(]*\bS\d", line)]
    assert len(excepted) > 3
    assert [line for line in excepted if not re.search(r"# noqa: [A-Z0-9, ]+ +\(.{10,}\)$", line)] == []
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]["lint"]
    assert "S" in lint["select"]
    assert not any(rule.startswith("S") and not rule.startswith("SIM") for rule in lint["ignore"])
    folders = [place for place, rules in lint["per-file-ignores"].items() if "S" in rules]
    assert sorted(folders) == ["benchmarks/**", "tests/**"]
