"""Every error, warning and note of the library as its source has them, for pages that list them.

`…` stands for what is filled in when the text is said.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

HOLE = "…"
# Alternatives within a text, beyond which they are listed by themselves.
MANY = 4
# What sounds like a sentence.
DULL = ast.expr_context | ast.operator | ast.cmpop | ast.boolop | ast.unaryop | ast.alias
FEW_WORDS, WORD = 3, re.compile(r"\b[A-Za-z][a-z]+\b")
ERROR = re.compile(r"(Error|BadParameter|UsageError|ClickException)$")
CODE = re.compile(r"import |\(\?:|\\d|\(\.\+\?")  # programs and regular expressions
# Rooms whose texts describe or explain something, and are no notes.
DESCRIBING = (
    "__main__",
    "_progress",
    "demo_decisions",
    "cli",
    "demo",
    "plot",
    "_page",
    "_report",
    "_notebook",
    "problems",
    "validation",
)

# Rooms whose texts that are no sentences are headings and labels of tables.
TABLES = ("_knowledge", "_layers", "_trace", "_where", "_result")
# Rooms whose texts are all parts of errors.
REFUSING = ("_outputs", "_validate", "activations", "pooling", "rid")

# Errors that begin with no argument: where they come from, and where that is explained.
THEMES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    (
        "Files",
        ("activations", "_stored", "_lazy_rows", "_file_rows", "_temporary", "_small_floats"),
        "[Files, feature maps, padding](files.md) says what is read, and how.",
    ),
    ("Feature maps and tokens", ("pooling",), "See [Files, feature maps, padding](files.md)."),
    (
        "Workers, caches, interrupted calls",
        ("_cache", "_tasks", "_parcels", "_threads", "_compiled"),
        "See [Many layers, cores, machines](cluster.md).",
    ),
    (
        "Outputs, figures, pages",
        ("_outputs", "_page", "_report", "plot", "_notebook"),
        "See [A page to show](report.md).",
    ),
    (
        "The command line",
        ("cli", "demo", "demo_decisions", "validation"),
        "`pidtools COMMAND --help` lists what each command takes.",
    ),
    (
        "Covariances and continuous targets",
        ("_gaussian",),
        "See [A continuous target](gaussian.md).",
    ),
    (
        "Exact decompositions",
        ("_broja", "_red_gradient", "_scores", "_where"),
        "See [Theory in a few pages](theory.md).",
    ),
    (
        "Distillation in training",
        ("rid", "gate"),
        "See [redundant information distillation](rid.md).",
    ),
    (
        "Layers, teachers, epochs",
        ("maps", "ranking", "traces", "_layers", "_trace", "_looking", "_pairing"),
        "See [Layers, teachers, epochs](layers.md).",
    ),
    ("Known distributions", ("problems",), "See [Validate](validate.md)."),
    (
        "Estimators",
        ("knn", "_probe", "_cells", "_estimator", "estimators"),
        "See [Which estimator](which-estimator.md).",
    ),
)
ANY = "Any array or option, by its name"
OTHERS = "Others"


@dataclass(frozen=True, kw_only=True)
class Said:
    """A text of the library.

    Attributes
    ----------
    text : str
        With `…` for what is filled in.
    room : str
        Module, without the package.
    raised : bool
        Whether it is the text of an error.
    """

    text: str
    room: str
    raised: bool

    @property
    def is_note(self) -> bool:
        """Whether it is a sentence of its own that is warned of or noted."""
        refusing = self.room.split(".")[0] in REFUSING
        return not (self.raised or refusing) and self.text.rstrip().endswith(".")

    @property
    def is_part(self) -> bool:
        """Whether it is a part of errors, warnings and notes."""
        return not (self.raised or self.is_note) and self.room.split(".")[0] not in TABLES


@cache
def all_said(package: Path) -> tuple[Said, ...]:
    """What the modules of a package can say, each text once, in the order of files and lines."""
    trees = _trees(package)
    functions: dict[str, list[ast.FunctionDef]] = {}
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                functions.setdefault(node.name, []).append(node)
    readers = [_Reader(room, tree, functions) for room, tree in trees.items()]
    used = {each for reader in readers for each in reader.read_errors()}
    found = [said for reader in readers for said in (*reader.errors, *reader.rest(used))]
    once = {(said.text, said.raised): said for said in reversed(found)}
    return tuple(said for said in found if once[said.text, said.raised] is said)


@cache
def _trees(package: Path) -> dict[str, ast.Module]:
    """Modules by their rooms."""
    return {
        _room(path, package): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(package.rglob("*.py"))
    }


def _room(path: Path, package: Path) -> str:
    name = ".".join(path.relative_to(package).with_suffix("").parts)
    return name.removesuffix(".__init__") if name != "__init__" else ""


@dataclass
class _Reader:
    """Texts of one module."""

    room: str
    tree: ast.Module
    functions: dict[str, list[ast.FunctionDef]]
    errors: list[Said] = field(default_factory=list)
    used: set[ast.AST] = field(default_factory=set)
    constants: dict[str, list[ast.AST]] = field(default_factory=dict)
    nodes: list[tuple[Sequence[ast.stmt], ast.AST]] = field(default_factory=list)
    scopes: dict[int, dict[str, list[ast.AST]]] = field(default_factory=dict)

    def read_errors(self) -> set[ast.AST]:
        """Find the errors; returns the texts that they are made of."""
        self.constants = _assigned(self.tree.body)
        self.nodes = _with_scopes(self.tree)
        for scope, node in self.nodes:
            if isinstance(node, ast.Call) and ERROR.search(_name(node.func)) and node.args:
                text = self._text(node.args[0], scope)
                if WORD.search(text):
                    self.errors.append(Said(text=text, room=self.room, raised=True))
        return self.used

    def rest(self, used: set[ast.AST]) -> Iterator[Said]:
        """Other texts that sound like sentences: what is warned of and noted."""
        if self.room.split(".")[0] in DESCRIBING:
            return
        dull = _descriptions(self.nodes)
        for scope, node in self.nodes:
            if node in used or node in self.used or node in dull or not _is_text(node):
                continue
            text = self._text(node, scope)
            if len(WORD.findall(text)) >= FEW_WORDS and not CODE.search(text):
                yield Said(text=text, room=self.room, raised=False)

    def _text(self, node: ast.AST, scope: Sequence[ast.stmt], depth: int = 3) -> str:
        """Text of an expression; what can't be told from the source alone is a hole."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            self.used.add(node)
            return node.value
        if isinstance(node, ast.JoinedStr):
            self.used.add(node)
            return _joined(self._text(part, scope, depth) for part in node.values)
        if isinstance(node, ast.FormattedValue):
            return self._text(node.value, scope, depth)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            self.used.add(node)
            return _joined(self._text(part, scope, depth) for part in (node.left, node.right))
        if isinstance(node, ast.IfExp):
            return _either([self._text(part, scope, depth) for part in (node.body, node.orelse)])
        if depth and isinstance(node, ast.Name):
            if id(scope) not in self.scopes:
                self.scopes[id(scope)] = _assigned(scope)
            values = self.scopes[id(scope)].get(node.id) or self.constants.get(node.id) or []
            return self._one_of(values, scope, depth)
        if depth and isinstance(node, ast.Call):
            homes = self.functions.get(_name(node.func), [])
            if len(homes) == 1:
                body = homes[0].body
                values = [each.value for each in _inside(body) if isinstance(each, ast.Return)]
                return self._one_of([value for value in values if value], body, depth)
        return HOLE

    def _one_of(self, values: Sequence[ast.AST], scope: Sequence[ast.stmt], depth: int) -> str:
        if not 0 < len(values) <= MANY:
            return HOLE
        before = set(self.used)
        found = [self._text(value, scope, depth - 1) for value in values]
        if all(text == HOLE for text in found):
            self.used = before
            return HOLE
        return _either(found)


def _joined(parts: Iterable[str]) -> str:
    return re.sub(f"{HOLE}{HOLE}+", HOLE, "".join(parts))


def _either(texts: list[str]) -> str:
    texts = list(dict.fromkeys(texts))
    return texts[0] if len(texts) == 1 else "(" + " | ".join(text or "-" for text in texts) + ")"


def _name(function: ast.AST) -> str:
    return getattr(function, "id", getattr(function, "attr", ""))


def _is_text(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Add) and (_is_text(node.left) or _is_text(node.right))
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _inside(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Nodes of a body in order, without those of functions and classes within."""
    for node in body:
        yield node
        if not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda):
            yield from _inside(ast.iter_child_nodes(node))


def _with_scopes(tree: ast.Module) -> list[tuple[Sequence[ast.stmt], ast.AST]]:
    """Each node with the statements of its function, in the order of the source."""
    found: list[tuple[Sequence[ast.stmt], ast.AST]] = []

    def walk(node: ast.AST, scope: Sequence[ast.stmt]) -> None:
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, DULL):
                found.append((scope, child))
                walk(child, child.body if isinstance(child, ast.FunctionDef) else scope)

    walk(tree, tree.body)
    return found


def _assigned(body: Iterable[ast.AST]) -> dict[str, list[ast.AST]]:
    """What names are set to in a body."""
    found: dict[str, list[ast.AST]] = {}
    for node in _inside(body):
        if isinstance(node, ast.Assign):
            names, values = list(node.targets), [node.value] * len(node.targets)
            for target, value in zip(node.targets, values, strict=True):
                if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                    names, values = list(target.elts), list(value.elts)
            for target, value in zip(names, values, strict=False):
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(value)
    return found


def _descriptions(nodes: Iterable[tuple[Any, ast.AST]]) -> set[ast.AST]:
    """Docstrings, decorators, annotations and parts of longer texts."""
    found: set[ast.AST] = set()
    for _, node in nodes:
        if isinstance(node, ast.Expr):
            found.add(node.value)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            for each in node.decorator_list:
                found.update(ast.walk(each))
        elif isinstance(node, ast.arg | ast.AnnAssign) and node.annotation:
            found.update(ast.walk(node.annotation))
        elif isinstance(node, ast.JoinedStr | ast.BinOp) and node not in found and _is_text(node):
            found.update(part for part in ast.walk(node) if part is not node)
    return found


@cache
def arguments(package: Path) -> frozenset[str]:
    """Names of the arguments of public functions and classes."""
    found: set[str] = set()
    for tree in _trees(package).values():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                given = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
                found.update(each.arg for each in given)
            if isinstance(node, ast.ClassDef):
                found.update(
                    each.target.id
                    for each in node.body
                    if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
                )
    return frozenset(found - {"self", "cls", "a", "name", "value", "values", "rows"})


def argument_of(text: str, package: Path) -> str | None:
    """The argument that an error begins with, as the user wrote it."""
    first = re.match(r"(-{0,2}[A-Za-z_][\w-]*)(?=[\s:\[.(]|$)", text)
    if first and (first[1].startswith("--") or first[1] in arguments(package)):
        return first[1]
    return None


def shown(text: str) -> str:
    """A text as an item of a list, safe in Markdown."""
    plain = " ".join(text.split())
    return "- " + re.sub(r"([\\`*_{}\[\]<>#|$~])", r"\\\1", plain)


@cache
def messages_page(package: Path) -> str:
    """The page of all errors: by the argument they begin with, else by what they are about."""
    by_argument: dict[str, list[str]] = {}
    by_theme: dict[str, list[str]] = {}
    for said in all_said(package):
        if not said.raised:
            continue
        name = argument_of(said.text, package)
        if name:
            by_argument.setdefault(name, []).append(said.text)
        else:
            theme = _theme(said.room)
            if theme == OTHERS and said.text.lstrip("(").startswith(HOLE):
                theme = ANY
            by_theme.setdefault(theme, []).append(said.text)
    links = {title: link for title, _, link in THEMES}
    ends = [said.text for said in all_said(package) if said.is_part]
    parts = [
        "# Messages",
        "Every error that the library raises, as its source has it; `…` stands for what is filled "
        "in, and `(a | b)` for alternatives. A message names the argument first, then what was "
        "found, then what to do. Warnings and notes are on "
        "[When the number is wrong](when-wrong.md).",
        "## By argument",
        *_sections(by_argument),
        "## By what they are about",
    ]
    order = [ANY, *links, OTHERS]
    for title in order:
        if title in by_theme:
            parts += [f"### {title}", links.get(title, ""), _items(by_theme[title])]
    parts += ["### Parts of messages", "What stands for `…` in some of them.", _items(ends)]
    return "\n\n".join(filter(None, parts)) + "\n"


def _theme(room: str) -> str:
    first = room.split(".")[0]
    return next((title for title, rooms, _ in THEMES if first in rooms), OTHERS)


def _sections(by_argument: dict[str, list[str]]) -> Iterator[str]:
    for name in sorted(by_argument, key=lambda name: name.strip("-").lower()):
        yield f"### `{name}`"
        yield _items(by_argument[name])


def _items(texts: Iterable[str]) -> str:
    return "\n".join(shown(text) for text in dict.fromkeys(texts))


def listed(package: Path, rooms: Sequence[str], named: Iterable[str]) -> str:
    """Warnings and notes of some rooms; `*` are those of all that are not named."""
    chosen = []
    for said in all_said(package):
        inside = [room for room in named if _is_in(said.room, room)]
        mine = any(room in rooms for room in inside) if inside else "*" in rooms
        if mine and said.is_note:
            chosen.append(said.text)
    return _items(chosen)


def _is_in(room: str, part: str) -> bool:
    return room == part or room.startswith(f"{part}.")
