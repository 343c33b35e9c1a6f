"""Every regular expression of the program, found in its source, and texts that would make a careless one backtrack."""

from __future__ import annotations

import ast
import importlib
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from re import _constants as op  # type: ignore[attr-defined]  # the standard library's parser has no public name
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

ROOT = Path(__file__).parent.parent.parent.parent
SEARCHING = frozenset({"search", "sub", "subn", "findall", "finditer", "split"})
MATCHING = frozenset({"match", "fullmatch"})
MANY = 20
"""A repetition that may go on so long is worth attacking."""


@dataclass(frozen=True, slots=True)
class Found:
    """A pattern with the methods that are called on it."""

    place: str
    pattern: re.Pattern[Any]
    methods: frozenset[str]


def in_program() -> list[Found]:
    """Patterns that are compiled under a name, and those that are written out where they are used."""
    sources = [_Source(path) for path in _paths()]
    found = [each for source in sources for each in _named(source, sources)]
    return found + [each for source in sources for each in _in_place(source)]


def _paths() -> list[Path]:
    return sorted(path for top in ("bot", "adapters") for path in (ROOT / top).rglob("*.py"))


class _Source:
    """A module as its text says: what it imports by name, and which attributes of which names it uses."""

    def __init__(self, path: Path) -> None:
        self.module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        self.nodes = list(ast.walk(self.tree))
        self.imported: set[tuple[str, str]] = set()
        self.used: defaultdict[str, set[str]] = defaultdict(set)
        for node in self.nodes:
            if isinstance(node, ast.ImportFrom):
                self.imported |= {(node.module or "", alias.name) for alias in node.names}
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                self.used[node.value.id].add(node.attr)


def _named(source: _Source, sources: list[_Source]) -> Iterator[Found]:
    for node in source.tree.body:
        if isinstance(node, ast.Assign) and _is_call_of_re(node.value, {"compile"}):
            (target,) = node.targets
            assert isinstance(target, ast.Name)
            name = target.id
            using = [each for each in sources if each is source or (source.module, name) in each.imported]
            methods = {method for each in using for method in each.used[name]}
            compiled = getattr(importlib.import_module(source.module), name)
            yield Found(f"{source.module}.{name}", compiled, frozenset(methods or SEARCHING))


def _in_place(source: _Source) -> Iterator[Found]:
    for node in source.nodes:
        if _is_call_of_re(node, SEARCHING | MATCHING | {"compile"}):
            assert isinstance(node, ast.Call)
            assert isinstance(node.func, ast.Attribute)
            text = _literal(node.args[0])
            if text is not None and not (node.func.attr == "compile" and _at_top(source.tree, node)):
                yield Found(f"{source.module}:{node.lineno}", re.compile(text), frozenset({node.func.attr}))


def _at_top(tree: ast.Module, call: ast.Call) -> bool:
    return any(isinstance(node, ast.Assign) and node.value is call for node in tree.body)


def _is_call_of_re(node: ast.AST, names: Sequence[str] | set[str] | frozenset[str]) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    return isinstance(node.func.value, ast.Name) and node.func.value.id == "re" and node.func.attr in names


def _literal(node: ast.expr) -> str | None:
    """The pattern, with a word in the place of what is filled in when it runs; None where it is no text."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(part.value if isinstance(part, ast.Constant) else "word" for part in parts)  # type: ignore[misc]
        case ast.BinOp(left=left, right=right):
            one, other = _literal(left), _literal(right)
            return None if one is None and other is None else f"{one or 'word'}{other or 'word'}"
    return None


# Attacks


@dataclass(frozen=True, slots=True)
class Attack:
    """`before`, then `pump` again and again, then `after`."""

    before: str
    pump: str
    after: str

    def text(self, length: int) -> str:
        return self.before + self.pump * (length // len(self.pump)) + self.after


def attacks(pattern: re.Pattern[Any]) -> list[Attack]:
    """For each repetition what leads to it, its body many times over, and something on which the rest fails. Also what
    leads to it many times over: a search begins anew at each."""
    source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    lines = pattern.flags & re.MULTILINE or "\\s" in source or "\\n" in source
    ends, breaks = ("", "\x00", "\n\x00") if lines else ("", "\x00"), ("", "\n") if lines else ("",)
    found: dict[Attack, None] = {}
    for before, bodies in _repetitions(list(parser.parse(source, pattern.flags & ~re.UNICODE)), ""):
        for body, after, line in product(bodies, ends, breaks):
            found[Attack(before, body + line, after)] = None
            found[Attack("", before + body + line, after)] = None
        if before:
            found[Attack("", before, "\x00")] = None
    return list(found)


def _repetitions(nodes: list[Any], before: str) -> Iterator[tuple[str, list[str]]]:
    """What leads to each repetition, and texts that its body takes; neighbours may take the same, so blanks too."""
    for at, (code, argument) in enumerate(nodes):
        lead = before + "".join(_sample(node)[0] for node in nodes[:at])
        if code in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            _, most, body = argument
            if most is op.MAXREPEAT or most >= MANY:
                yield lead, list(dict.fromkeys([*_samples(list(body)), *_taken(list(body), " \t-`|*[(\"'a1.")]))
            yield from _repetitions(list(body), lead)
        elif code is op.SUBPATTERN:
            yield from _repetitions(list(argument[3]), lead)
        elif code is op.BRANCH:
            for branch in argument[1]:
                yield from _repetitions(list(branch), lead)


def _taken(body: list[Any], letters: str) -> list[str]:
    """Those letters that the body takes alone, as far as it is one set or any character."""
    if len(body) != 1 or body[0][0] not in (op.IN, op.ANY, op.NOT_LITERAL):
        return []
    return [letter for letter in letters if _takes(body[0], letter)]


def _takes(node: tuple[Any, Any], letter: str) -> bool:
    code, argument = node
    if code is op.ANY:
        return True
    if code is op.NOT_LITERAL:
        return ord(letter) != int(argument)
    negated = argument[0][0] is op.NEGATE
    return any(_in(item, letter) for item in argument) is not negated


def _in(item: tuple[Any, Any], letter: str) -> bool:
    code, argument = item
    match code:
        case op.LITERAL:
            return ord(letter) == int(argument)
        case op.RANGE:
            return bool(argument[0] <= ord(letter) <= argument[1])
        case op.CATEGORY:
            return re.match({**_CATEGORIES}[str(argument)], letter) is not None
    return False


_CATEGORIES = {
    "CATEGORY_SPACE": r"\s", "CATEGORY_NOT_SPACE": r"\S", "CATEGORY_WORD": r"\w", "CATEGORY_NOT_WORD": r"\W",
    "CATEGORY_DIGIT": r"\d", "CATEGORY_NOT_DIGIT": r"\D",
}  # fmt: skip


def _samples(nodes: list[Any]) -> list[str]:
    """Some texts that these nodes take one after the other, none of them empty."""
    texts = [""]
    for node in nodes:
        texts = [text + more for text in texts for more in _sample(node)][:6]
    return [text for text in texts if text]


def _sample(node: tuple[Any, Any]) -> list[str]:
    """Short texts that a node takes."""
    code, argument = node
    match code:
        case op.LITERAL:
            return [chr(argument)]
        case op.ANY | op.NOT_LITERAL:
            return [letter for letter in "a b`" if _takes(node, letter)]
        case op.IN:
            likely = "a1 -`*.:,[_\n\t\\\"'>#/=@~|;!?"
            return [letter for letter in likely if _takes(node, letter)][:4] or [chr(_some(argument))]
        case op.MAX_REPEAT | op.MIN_REPEAT | op.POSSESSIVE_REPEAT:
            least, _, body = argument
            return [text * least for text in _samples(list(body))] if least else ["", *_samples(list(body))[:1]]
        case op.SUBPATTERN:
            return _samples(list(argument[3])) or [""]
        case op.BRANCH:
            return [text for branch in argument[1] for text in _samples(list(branch))[:2]][:6] or [""]
        case op.GROUPREF:
            return ["`"]
    return [""]  # places, looks ahead and back


def _some(items: list[Any]) -> int:
    """A character of a set in which none of the likely ones is."""
    code, argument = next(item for item in items if item[0] is not op.NEGATE)
    return int(argument[0] if code is op.RANGE else argument)
