"""Python: dataclasses for the library servicestack."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from gateway.importing.collector import Collector, table_of
from gateway.importing.drafts import Draft, DraftMember, ImportFailed, TypeUse
from gateway.importing.tokens import Notes, Syntax, Tokens

_TABLE = table_of(
    "python",
    list="List",
    dict="Dictionary",
    Dict="Dictionary",
    Set="List",
    set="List",
    Sequence="List",
    Any="Object",
    object="Object",
    datetime="DateTime",
    timedelta="TimeSpan",
    Decimal="Decimal",
    int="Int64",
    float="Double",
)
_TABLE = {name.rpartition(".")[2]: dotnet for name, dotnet in _TABLE.items()}
_ENUMS = {
    "Enum": (False, False),
    "IntEnum": (True, False),
    "IntFlag": (True, True),
    "Flag": (True, True),
    "StrEnum": (False, False),
}
_CAMEL = re.compile(r"_+(\w)")


def read(text: str) -> Draft:
    """Return the declarations of a module. Raises ImportFailed with line and column."""
    try:
        module = ast.parse(text)
    except SyntaxError as error:
        raise ImportFailed(f"line {error.lineno}, column {error.offset}: {error.msg}") from None
    except (ValueError, MemoryError) as error:
        raise ImportFailed(f"line 1: {error}") from None
    return _Reader(text).read(module)


class _Reader:
    def __init__(self, text: str) -> None:
        self.lines = text.splitlines()
        self.collector = Collector("Python", _TABLE)

    def read(self, module: ast.Module) -> Draft:
        for each in module.body:
            if isinstance(each, ast.ClassDef):
                self._class(each)
        return self.collector.draft

    def _class(self, node: ast.ClassDef) -> None:
        bases = [_name(each) for each in node.bases]
        kind = next((_ENUMS[each] for each in bases if each in _ENUMS), None)
        first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
        notes = self._notes(first)
        notes.description = " ".join((ast.get_docstring(node) or "").split())
        name = node.name.rstrip("_") if node.name.endswith("_") else node.name
        if kind is not None:
            self._enum(node, name, notes, *kind)
            return
        uses = [self._use(each) for each in node.bases if _name(each) not in ("Generic", "Protocol", "object")]
        parameters = [
            _name(argument)
            for each in node.bases
            if isinstance(each, ast.Subscript) and _name(each) == "Generic"
            for argument in _elements(each.slice)
        ]
        self.collector.record(
            name,
            f"line {node.lineno}",
            notes,
            uses,
            parameters=parameters,
            members=self._members(node, name),
        )

    def _members(self, node: ast.ClassDef, owner: str) -> Iterator[DraftMember]:
        for place, each in enumerate(node.body):
            if (
                not isinstance(each, ast.AnnAssign)
                or not isinstance(each.target, ast.Name)
                or _name(each.annotation) == "ClassVar"
            ):
                continue
            notes = self._notes(each.lineno)
            following = node.body[place + 1] if place + 1 < len(node.body) else None
            notes.description = _text(following)
            wire = _field_name(each.value) or _camel(each.target.id)
            use = self._use(each.annotation)
            yield self.collector.member(
                each.target.id, use, notes, owner, dotnet=_pascal(each.target.id, wire), wire=wire
            )

    def _enum(self, node: ast.ClassDef, name: str, notes: Notes, numbered: bool, flags: bool) -> None:
        members, texts = [], {}
        for place, each in enumerate(node.body):
            if not (isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name)):
                continue
            value = _value(each.value)
            told = Notes(description=_text(node.body[place + 1] if place + 1 < len(node.body) else None))
            spelled = each.targets[0].id.rstrip("_")
            member = value if isinstance(value, str) and value.isidentifier() else _pascal(spelled.lower(), "")
            members.append((member, value if isinstance(value, int) else None, told))
            if isinstance(value, str):
                texts[member] = value
        self.collector.enum(name, f"line {node.lineno}", notes, members, numbered=numbered, flags=flags, texts=texts)

    def _notes(self, line: int) -> Notes:
        """Return the comments directly above a line."""
        comments: list[tuple[str, str]] = []
        at = line - 2
        while at >= 0 and (text := self.lines[at].strip()).startswith("#"):
            comments.insert(0, ("#", text[1:]))
            at -= 1
        return Notes.of(comments, Tokens("", Syntax(line="#", opening="")))

    def _use(self, node: ast.expr, depth: int = 0) -> TypeUse:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                return self._use(ast.parse(node.value, mode="eval").body, depth)
            except SyntaxError as error:
                raise ImportFailed(f"line {node.lineno}: {node.value[:100]!r} is not a type: {error.msg}") from None
        if isinstance(node, ast.Constant):
            return TypeUse("None")
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            sides = [self._use(each, depth) for each in (node.left, node.right)]
            return next((each for each in sides if each.name != "None"), TypeUse("Object"))
        name = _name(node)
        if not name:
            raise ImportFailed(f"line {node.lineno}, column {node.col_offset + 1}: this is not a type")
        if not isinstance(node, ast.Subscript):
            return TypeUse(name.rstrip("_"))
        arguments = tuple(self._use(each, depth + 1) for each in _elements(node.slice))
        if name in ("Optional", "Union", "Annotated"):
            return next((each for each in arguments if each.name != "None"), TypeUse("Object"))
        return TypeUse(name.rstrip("_"), arguments)


def _elements(node: ast.expr) -> list[ast.expr]:
    return list(node.elts) if isinstance(node, ast.Tuple) else [node]


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Subscript):
        return _name(node.value)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _text(node: ast.stmt | None) -> str:
    """Return the description of a member: a string on its own after the member."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return " ".join(node.value.value.split())
    return ""


def _value(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def _field_name(node: ast.expr | None) -> str:
    """Return the wire name in ``field(metadata=config(field_name='x'))``; empty if there is none."""
    for each in ast.walk(node) if node is not None else ():
        if isinstance(each, ast.keyword) and each.arg == "field_name" and isinstance(each.value, ast.Constant):
            return str(each.value.value)
    return ""


def _camel(name: str) -> str:
    return _CAMEL.sub(lambda found: found[1].upper(), name.rstrip("_"))


def _pascal(name: str, wire: str) -> str:
    """Return the .NET name of an attribute, spelled like its wire name if the two agree."""
    found = _camel(name)
    found = wire if wire and wire.lower() == found.lower() else found
    return found[:1].upper() + found[1:]
