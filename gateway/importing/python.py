"""Python: dataclasses for the library servicestack."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from gateway.importing.collector import Collector, build_table
from gateway.importing.drafts import Draft, DraftMember, ImportFailed, TypeUse
from gateway.importing.tokens import Notes, Syntax, Tokens

_TABLE = build_table(
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
        for statement in module.body:
            if isinstance(statement, ast.ClassDef):
                self._read_class(statement)
        return self.collector.draft

    def _read_class(self, node: ast.ClassDef) -> None:
        bases = [_get_name(base) for base in node.bases]
        kind = next((_ENUMS[base] for base in bases if base in _ENUMS), None)
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        notes = self._read_notes(first)
        notes.description = " ".join((ast.get_docstring(node) or "").split())
        name = node.name.rstrip("_") if node.name.endswith("_") else node.name
        if kind is not None:
            self._read_enum(node, name, notes, *kind)
            return
        uses = [self._read_use(base) for base in node.bases if _get_name(base) not in ("Generic", "Protocol", "object")]
        parameters = [
            _get_name(argument)
            for base in node.bases
            if isinstance(base, ast.Subscript) and _get_name(base) == "Generic"
            for argument in _list_elements(base.slice)
        ]
        self.collector.add_record(
            name,
            f"line {node.lineno}",
            notes,
            uses,
            parameters=parameters,
            members=self._read_members(node, name),
        )

    def _read_members(self, node: ast.ClassDef, owner: str) -> Iterator[DraftMember]:
        for index, statement in enumerate(node.body):
            if (
                not isinstance(statement, ast.AnnAssign)
                or not isinstance(statement.target, ast.Name)
                or _get_name(statement.annotation) == "ClassVar"
            ):
                continue
            notes = self._read_notes(statement.lineno)
            following = node.body[index + 1] if index + 1 < len(node.body) else None
            notes.description = _get_text(following)
            wire = _find_field_name(statement.value) or _to_camel_case(statement.target.id)
            use = self._read_use(statement.annotation)
            yield self.collector.make_member(
                statement.target.id, use, notes, owner, dotnet=_to_pascal_case(statement.target.id, wire), wire=wire
            )

    def _read_enum(self, node: ast.ClassDef, name: str, notes: Notes, numbered: bool, flags: bool) -> None:
        members, texts = [], {}
        for index, statement in enumerate(node.body):
            if not (isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)):
                continue
            value = _get_value(statement.value)
            member_notes = Notes(description=_get_text(node.body[index + 1] if index + 1 < len(node.body) else None))
            attribute = statement.targets[0].id.rstrip("_")
            member = (
                value if isinstance(value, str) and value.isidentifier() else _to_pascal_case(attribute.lower(), "")
            )
            members.append((member, value if isinstance(value, int) else None, member_notes))
            if isinstance(value, str):
                texts[member] = value
        self.collector.add_enum(
            name, f"line {node.lineno}", notes, members, numbered=numbered, flags=flags, texts=texts
        )

    def _read_notes(self, line: int) -> Notes:
        """Return the comments directly above a line."""
        comments: list[tuple[str, str]] = []
        at = line - 2
        while at >= 0 and (text := self.lines[at].strip()).startswith("#"):
            comments.insert(0, ("#", text[1:]))
            at -= 1
        return Notes.of(comments, Tokens("", Syntax(line="#", opening="")))

    def _read_use(self, node: ast.expr, depth: int = 0) -> TypeUse:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                return self._read_use(ast.parse(node.value, mode="eval").body, depth)
            except SyntaxError as error:
                raise ImportFailed(f"line {node.lineno}: {node.value[:100]!r} is not a type: {error.msg}") from None
        if isinstance(node, ast.Constant):
            return TypeUse("None")
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            sides = [self._read_use(operand, depth) for operand in (node.left, node.right)]
            return next((side for side in sides if side.name != "None"), TypeUse("Object"))
        name = _get_name(node)
        if not name:
            raise ImportFailed(f"line {node.lineno}, column {node.col_offset + 1}: this is not a type")
        if not isinstance(node, ast.Subscript):
            return TypeUse(name.rstrip("_"))
        arguments = tuple(self._read_use(element, depth + 1) for element in _list_elements(node.slice))
        if name in ("Optional", "Union", "Annotated"):
            return next((argument for argument in arguments if argument.name != "None"), TypeUse("Object"))
        return TypeUse(name.rstrip("_"), arguments)


def _list_elements(node: ast.expr) -> list[ast.expr]:
    return list(node.elts) if isinstance(node, ast.Tuple) else [node]


def _get_name(node: ast.expr) -> str:
    if isinstance(node, ast.Subscript):
        return _get_name(node.value)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _get_text(node: ast.stmt | None) -> str:
    """Return the description of a member: a string on its own after the member."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return " ".join(node.value.value.split())
    return ""


def _get_value(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def _find_field_name(node: ast.expr | None) -> str:
    """Return the wire name in ``field(metadata=config(field_name='x'))``; empty if there is none."""
    for child in ast.walk(node) if node is not None else ():
        if isinstance(child, ast.keyword) and child.arg == "field_name" and isinstance(child.value, ast.Constant):
            return str(child.value.value)
    return ""


def _to_camel_case(name: str) -> str:
    return _CAMEL.sub(lambda match: match[1].upper(), name.rstrip("_"))


def _to_pascal_case(name: str, wire: str) -> str:
    """Return the .NET name of an attribute, spelled like its wire name if the two agree."""
    dotnet_name = _to_camel_case(name)
    dotnet_name = wire if wire and wire.lower() == dotnet_name.lower() else dotnet_name
    return dotnet_name[:1].upper() + dotnet_name[1:]
