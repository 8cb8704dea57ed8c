"""Writing CSV: the header from the shape, one line per row."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from serializers import jsv, scalars
from serializers import shape as shapes
from serializers.rows import Compiled, blocks, row_shape, row_writer, rows_of
from serializers.shape import ListOf, MapOf, Record, Reference, Shape
from serializers.source import ChoiceTable, Source, TextWriter, function_head, guarded, read_source, title_of

_special = re.compile(r'[",\r\n]').search
_bracket_in_front = re.compile(r"\n[\[{]").search


def cell(text: str) -> str:
    """Return a text as a cell, quoted if necessary."""
    if _special(text) or text[:1] in ("[", "{"):
        return '"' + text.replace('"', '""') + '"'
    return text


def stream(value: Any, shape: Shape, compiled: Compiled, *, objects: bool = False) -> Iterator[bytes]:
    """Return a table in blocks. A record that names no rows is a single row."""
    if isinstance(shape, ListOf) or (isinstance(shape, Record) and shape.rows is not None):
        item, member = row_shape(shape)
        rows = rows_of(value, shape, member)
    else:
        item, rows = shape, () if value is None else (value,)
    null = "," * (len(item.fields) - 1) if isinstance(item, Record) else ""
    return blocks(header(item), rows, row_writer(item, compiled, null + "\r\n", objects=objects), "", str)


def header(shape: Shape) -> str:
    """Return the first line of a table of rows of the shape; empty for a table of scalars."""
    if not isinstance(shape, Record):
        return ""
    return ",".join(cell(shape.declared_name(name)) for name in shape.fields) + "\r\n"


@lru_cache(maxsize=1024)
def compiled(shape: Shape, *, attributes: bool, quote_empty: bool = False) -> TextWriter:
    """Return the function from a row (or, with `attributes`, an object) of a shape to its line. Compiled once."""
    return compile_writer(shape, jsv.serializer, attributes=attributes, quote_empty=quote_empty)


def compile_writer(shape: Shape, nested: jsv.Jsv, *, attributes: bool, quote_empty: bool = False) -> TextWriter:
    """Return the function from a row (or, with `attributes`, an object) of a shape to its line.

    :param nested: writes lists, maps and records in cells; its dialect is that of all cells.
    :param quote_empty: quote an empty text in a record's cell, so that a reader can tell it from null.
    """
    if not isinstance(shape, Record):
        write = _make_cell_writer(shape, nested, attributes=attributes)
        return lambda row: (write[row] if isinstance(write, ChoiceTable) else write(row)) + "\r\n"
    text = _quote_always if quote_empty else _quote_text
    builder = Source(title_of("csv", shape), {"text": text, "brackets": _bracket_in_front})
    lines = function_head("write", "o", attributes=attributes)
    cells: list[str] = []
    clean: list[str] = []
    texts: list[str] = []
    for number, (wire_name, field) in enumerate(shape.fields.items()):
        variable = f"v{number}"
        lines.append(f"    {variable} = {read_source(shape, wire_name, attributes=attributes)}")
        if isinstance(field, shapes.Text):
            texts.append(f"{variable} or ''")
            cells.append(f"'' if {variable} is None else text({variable})")
            # An enum's member may be a text, but is written as its name.
            bare = f"{variable} if {variable} and {variable}.__class__ is str else text({variable})"
            clean.append(f"'' if {variable} is None else {bare}")
            continue
        write = _make_cell_writer(field, nested, attributes=attributes)
        name = builder.constant(write)
        source = f"{name}[{variable}]" if isinstance(write, ChoiceTable) else f"{name}({variable})"
        cells.append(f"'' if {variable} is None else {source}")
        clean.append(cells[-1])
    line = f"','.join(({', '.join(cells)},)) + '\\r\\n'" if cells else "'\\r\\n'"
    if len(texts) > 2:
        # PERF: one search over all texts of a row, joined by line breaks so that a bracket at the beginning of a text is found.
        lines += [
            "    try:",
            f"        texts = '\\n'.join(('', {', '.join(texts)}))",
            "    except TypeError:",
            f"        return {line}",
            f"    if '\"' not in texts and ',' not in texts and '\\r' not in texts and texts.count('\\n') == {len(texts)} "
            "and not brackets(texts):",
            f"        return ','.join(({', '.join(clean)},)) + '\\r\\n'",
        ]
    lines.append(f"    return {line}")
    return guarded(builder.define("write", lines), "row")


def _make_cell_writer(shape: Shape, nested: jsv.Jsv, *, attributes: bool) -> Any:
    if isinstance(shape, shapes.Text):
        return _quote_text
    if isinstance(shape, (Record, ListOf, MapOf, Reference)):
        write = nested.compiled(shape, attributes=attributes)
        return lambda value: '"' + write(value).replace('"', '""') + '"'
    write = scalars.jsv_writer(shape, nested.syntax.dialect)
    if isinstance(shape, shapes.Anything):
        return lambda value: cell(_format_cell(value))
    if isinstance(shape, shapes.Choice):
        return ChoiceTable(shape, lambda value: cell(write(value)))
    if isinstance(shape, shapes.Character):
        return lambda value: cell(write(value))
    return write


def _quote_text(value: Any) -> str:
    return cell(value if value.__class__ is str else scalars.write_any(value))


def _quote_always(value: Any) -> str:
    return _quote_text(value) or '""'


def untyped(value: Any) -> tuple[Any, Shape]:
    """Return the rows of a value without a shape, their cells as texts, and a shape with a column for each name in any row."""
    rows = [_list_cells(row) for row in value] if isinstance(value, (list, tuple)) else [_list_cells(value)]
    names = dict.fromkeys(name for row in rows if isinstance(row, dict) for name in row)
    item: Shape = shapes.Text()
    if names:
        item = Record("Row", {name: shapes.Text() for name in names}, names={name: name for name in names})
        rows = [row if isinstance(row, dict) else {} for row in rows]
    return (rows, ListOf(item)) if isinstance(value, (list, tuple)) else (rows[0], item)


def _list_cells(row: Any) -> Any:
    if isinstance(row, Mapping):
        return {scalars.write_any(name): None if cell is None else _format_cell(cell) for name, cell in row.items()}
    return None if row is None else _format_cell(row)


def _format_cell(value: Any) -> str:
    return jsv.dumps(value) if isinstance(value, (Mapping, list, tuple)) else scalars.write_any(value)
