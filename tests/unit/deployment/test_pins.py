"""What is pinned for the bot alone, compared with what it imports."""

from __future__ import annotations

import ast
import re
import sys
from importlib.metadata import packages_distributions

from tests.unit.deployment.files import PROJECT, ROOT, read


def pins(name: str) -> set[str]:
    return {line for line in read(name).splitlines() if line and not line.startswith("#")}


def names(lines: set[str]) -> set[str]:
    return {canonical(re.split(r"[\[<>=; ]", line)[0]) for line in lines}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_what_the_bot_runs_with_is_pinned_like_everything() -> None:
    assert pins("requirements-run.lock") < pins("requirements.lock")
    wanted = {*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["postgres"]}
    assert names(wanted) <= names(pins("requirements-run.lock"))


def test_no_tool_for_development_is_among_it() -> None:
    tools = names(set(PROJECT["optional-dependencies"]["dev"])) - {"asyncpg"}
    assert len(tools) > 5
    assert tools & names(pins("requirements-run.lock")) == set()


def test_it_is_enough_for_every_import() -> None:
    imported: set[str] = set()
    for path in (path for top in ("bot", "adapters") for path in (ROOT / top).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").partition(".")[0])
    foreign = imported - set(sys.stdlib_module_names) - {"bot", "adapters"}
    assert len(foreign) > 10
    owners = packages_distributions()
    pinned = names(pins("requirements-run.lock"))
    assert {module for module in foreign if not {canonical(each) for each in owners[module]} & pinned} == set()


def test_hosts_that_know_one_file_get_the_same() -> None:
    assert pins("requirements.txt") == {"-r requirements-run.lock"}
