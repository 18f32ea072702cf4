"""The imports of a module, read from its syntax, and whether each can be done.

Left out are those that the module is prepared to go without (in a `try`) and those for type
checkers alone.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from importlib.util import resolve_name
from typing import NamedTuple


class Import(NamedTuple):
    """`from module import names`, or `import module` where names are none."""

    line: int
    module: str
    names: tuple[str, ...]


def imports_of(tree: ast.Module, module: str, is_package: bool) -> Iterator[Import]:
    """All imports of a module, in functions too.

    Args:
        module: Its own full name, from which its relative imports start.
    """
    package = module if is_package else module.rpartition(".")[0]
    for node in _unguarded(tree):
        if isinstance(node, ast.Import):
            yield from (Import(node.lineno, each.name, ()) for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            name = "." * node.level + (node.module or "")
            names = tuple(each.name for each in node.names)
            yield Import(node.lineno, resolve_name(name, package) if node.level else name, names)


def trouble_with(wanted: Import) -> str:
    """Why an import cannot be done; nothing when it can."""
    try:
        module = importlib.import_module(wanted.module)
    except (Exception, SystemExit) as exc:
        return f"{type(exc).__name__}: {exc}"
    missing = [name for name in wanted.names if name != "*" and not _has(module, name)]
    return f"ImportError: {wanted.module} has no {', '.join(missing)}" if missing else ""


def _has(module: object, name: str) -> bool:
    if hasattr(module, name):
        return True
    try:
        importlib.import_module(f"{module.__name__}.{name}")  # type: ignore[attr-defined]
    except ImportError:
        return False
    return True


def _unguarded(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Try | ast.TryStar) or _is_for_types(child):
            continue
        yield child
        yield from _unguarded(child)


def _is_for_types(node: ast.AST) -> bool:
    if not isinstance(node, ast.If):
        return False
    name = node.test.id if isinstance(node.test, ast.Name) else getattr(node.test, "attr", "")
    return name == "TYPE_CHECKING"
