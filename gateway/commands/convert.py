"""``gateway convert``: conversion of a document from one format to another."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, BinaryIO

import click

from gateway.contract.catalog import Catalog
from gateway.errors import GatewayError
from serializers.base import Limits
from serializers.errors import SerializerError
from serializers.registry import default_registry
from serializers.shape import ListOf, Shape

_FORMATS = [serializer.name for serializer in default_registry()]
_READABLE = [serializer.name for serializer in default_registry() if serializer.readable]

#: File size in bytes from which a progress bar is shown.
_LARGE = 5_000_000
_BLOCK = 256 * 1024


class ConversionError(GatewayError):
    """A document that can't be converted, with the position of the error."""


@click.command()
@click.option("--from", "source", required=True, type=click.Choice(_READABLE), help="Format of the input.")
@click.option("--to", "target", required=True, type=click.Choice(_FORMATS), help="Format of the output.")
@click.option(
    "--type",
    "type_name",
    metavar="NAME",
    help="Type of the document, for instance NewSession or SessionInfo[]; if omitted, values are texts.",
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
def convert(source: str, target: str, type_name: str | None, file: Path | None) -> None:
    """Convert a document from one format to another.

    JSV, XML and CSV have no types: name the document's type to convert numbers, booleans and lists.

    \b
    Examples:
      gateway convert --from jsv --to json --type NewSession body.jsv
      curl … | gateway convert --from csv --to jsonl --type SessionInfo[]
    """
    shape = _find_shape(type_name) if type_name else None
    registry = default_registry()
    reader, writer = registry.by_name(source), registry.by_name(target)
    assert reader is not None
    assert writer is not None
    data = _read(file)
    size = max(len(data), 1)
    limits = Limits(bytes=size, items=size, names=size)
    try:
        document = writer.encode(reader.decode(data, shape, limits=limits), shape)
    except SerializerError as error:
        raise ConversionError(f"{file or 'standard input'}: {error}") from error
    sys.stdout.buffer.write(document)
    if sys.stdout.isatty():
        click.echo()


def _find_shape(type_name: str) -> Shape:
    """Return the shape of a type of the API. Raises ConversionError for an unknown name."""
    from gateway.commands.chosen import load_service
    from gateway.contract.shapes import document_shape

    catalog = load_service().catalog
    name = type_name.removesuffix("[]")
    dto = _list_types(catalog).get(name.lower())
    if dto is None:
        raise ConversionError(f"there is no type {name!r}")
    record = document_shape(dto)
    return ListOf(record) if type_name.endswith("[]") else record


def _list_types(catalog: Catalog) -> dict[str, Any]:
    """Return the types of all requests and responses by name in lower case."""
    types = [dto for operation in catalog for dto in (operation.dto, operation.returns) if dto is not None]
    return {dto.__name__.lower(): dto for dto in types}


def _read(file: Path | None) -> bytes:
    if file is None:
        return sys.stdin.buffer.read()
    size = file.stat().st_size
    with file.open("rb") as stream:
        if size < _LARGE or not sys.stderr.isatty():
            return stream.read()
        return _read_with_bar(stream, size)


def _read_with_bar(stream: BinaryIO, size: int) -> bytes:
    blocks = []
    with click.progressbar(length=size, label="reading", file=sys.stderr) as bar:
        while block := stream.read(_BLOCK):
            blocks.append(block)
            bar.update(len(block))
    return b"".join(blocks)
