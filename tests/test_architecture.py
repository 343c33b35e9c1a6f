"""The rules of the structure, checked on the source itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted([*(ROOT / "bot").rglob("*.py"), *(ROOT / "adapters").rglob("*.py")])

CAPABILITIES = ("access", "commands", "conversation", "llm", "media", "replies", "storage", "telemetry")

# Only these folders may import these libraries.
HOMES = {
    "discord": ("adapters/discord",),
    "telegram": ("adapters/telegram",),
    "openai": ("bot/llm",),
    "sqlalchemy": ("bot/storage",),
    "alembic": ("bot/storage",),
    "rich": ("adapters/console",),
    "structlog": ("bot/telemetry",),
    "prometheus_client": ("bot/telemetry",),
    "pydantic_settings": ("bot/settings.py",),
    "PIL": ("bot/media", "bot/llm", "adapters/console"),
    "av": ("bot/media", "bot/llm"),
    "pypdf": ("bot/media",),
    "matplotlib": ("bot/media",),
}

# What an adapter may know of the core.
ADAPTERS_SEE = ("bot.domain", "bot.ports", "bot.errors", "bot.clock", "bot.commands.spec")

TOP = (
    "bot.__main__",
    "bot.admission",
    "bot.app",
    "bot.calls",
    "bot.check",
    "bot.core",
    "bot.door",
    "bot.forgetting",
    "bot.http",
    "bot.models",
    "bot.presses",
    "bot.providers",
    "bot.questions",
    "bot.queue",
    "bot.readings",
    "bot.recovery",
    "bot.router",
    "bot.settings",
    "bot.status",
    "bot.watchdog",
    "bot.watching",
)


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def imports(path: Path) -> tuple[tuple[str, bool], ...]:
    """Every imported module and whether it is needed at run time."""
    return tuple(_imports(tree_of(path)))


def _imports(tree: ast.Module) -> Iterator[tuple[str, bool]]:
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) not in for_types) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, id(node) not in for_types
            yield from ((f"{node.module}.{alias.name}", id(node) not in for_types) for alias in node.names)


def inside(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def test_there_is_something_to_check() -> None:
    assert len(SOURCES) > 60
    assert sum(1 for path in SOURCES for _ in imports(path)) > 300


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_imports_go_one_way(path: Path) -> None:
    module = module_of(path)
    for name, at_run_time in imports(path):
        if not inside(name, "bot", "adapters") or name in ("bot", "bot.commands"):  # packages that hold nothing
            continue
        assert inside(module, "adapters") or not inside(name, "adapters"), f"the core imports {name}"
        if inside(module, "bot.domain"):
            assert inside(name, "bot.domain"), f"domain imports {name}"
        elif module == "bot.ports":
            assert inside(name, "bot.domain"), f"ports imports {name}"
        elif inside(module, "bot.errors", "bot.clock", "bot.receipts", "bot.tasks"):
            assert module == "bot.tasks", f"{module} imports {name}"
            assert name in ("bot.receipts", "bot"), f"tasks imports {name}"
        elif inside(module, *(f"bot.{capability}" for capability in CAPABILITIES)):
            assert not inside(name, *TOP), f"a capability imports {name}"
        elif inside(module, "adapters"):
            own = ".".join(module.split(".")[:2])
            assert inside(name, own, *ADAPTERS_SEE) or not at_run_time, f"sees {name}"


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_libraries_stay_at_home(path: Path) -> None:
    place = path.relative_to(ROOT).as_posix()
    for name, _ in imports(path):
        homes = HOMES.get(name.split(".")[0])
        assert homes is None or place.startswith(homes), f"{place} imports {name}"


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_only_the_clock_reads_the_clock(path: Path) -> None:
    if module_of(path) == "bot.clock":
        return
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in CLOCKS, f"{called} in line {node.lineno}"
            assert not called.endswith((".call_later", ".call_at")) or called.startswith("clock."), called


CLOCKS = {
    "time.time", "time.monotonic", "time.perf_counter", "time.sleep", "asyncio.sleep", "loop.time",
    "datetime.now", "datetime.utcnow", "datetime.datetime.now", "asyncio.get_running_loop().time",
}  # fmt: skip


def test_settings_are_read_at_the_top_alone() -> None:
    readers = {module_of(path) for path in SOURCES for name, _ in imports(path) if name == "bot.settings"}
    assert readers == {"bot.__main__", "bot.app", "bot.check", "bot.core", "bot.models", "bot.providers"}


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_nothing_is_made_at_import(path: Path) -> None:
    """No clients, connections, tasks or settings at module level."""
    for node in tree_of(path).body:
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if isinstance(value, ast.Call):
            made = ast.unparse(value.func)
            assert not made.endswith(("Client", "OpenAI", "Bot", "Gateway", "Settings", "create_async_engine")), made


def test_there_are_no_import_cycles() -> None:
    known = {module_of(path) for path in SOURCES}
    graph = {
        module_of(path): {name for name, at_run_time in imports(path) if at_run_time and name in known}
        for path in SOURCES
    }
    # A package's __init__ that imports its own modules is no cycle by itself.
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, " -> ".join((*above[above.index(module) :], module))
        if module in done:
            return
        for name in sorted(graph[module] - {module}):
            if not (module.startswith(f"{name}.") or name.startswith(f"{module}.")):
                visit(name, (*above, module))
        done.add(module)

    for module in sorted(graph):
        visit(module, ())
