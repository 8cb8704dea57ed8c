"""The contract's types in every language, by the language's name."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.contract.typeinfo import Contract
from gateway.errors import NotFound
from gateway.metadata.languages.base import Generator
from gateway.metadata.languages.csharp import CSharpGenerator
from gateway.metadata.languages.dart import DartGenerator
from gateway.metadata.languages.fsharp import FSharpGenerator
from gateway.metadata.languages.go import GoGenerator
from gateway.metadata.languages.java import JavaGenerator
from gateway.metadata.languages.javascript import CommonJsGenerator, JavaScriptGenerator
from gateway.metadata.languages.kotlin import KotlinGenerator
from gateway.metadata.languages.options import Options
from gateway.metadata.languages.php import PhpGenerator
from gateway.metadata.languages.python import PythonGenerator
from gateway.metadata.languages.ruby import RubyGenerator
from gateway.metadata.languages.rust import RustGenerator
from gateway.metadata.languages.swift import SwiftGenerator
from gateway.metadata.languages.typescript import DeclarationGenerator, TypeScriptGenerator
from gateway.metadata.languages.vbnet import VisualBasicGenerator
from gateway.metadata.languages.zig import ZigGenerator

#: The languages in the order in which pages name them.
LANGUAGES: Mapping[str, type[Generator]] = {
    generator.name: generator
    for generator in (
        CSharpGenerator,
        TypeScriptGenerator,
        DeclarationGenerator,
        JavaScriptGenerator,
        CommonJsGenerator,
        JavaGenerator,
        KotlinGenerator,
        PythonGenerator,
        SwiftGenerator,
        DartGenerator,
        PhpGenerator,
        FSharpGenerator,
        VisualBasicGenerator,
        GoGenerator,
        RubyGenerator,
        RustGenerator,
        ZigGenerator,
    )
}

#: Other names that tools use.
_ALIASES = {
    "javascript": "mjs",
    "js": "mjs",
    "cjs": "commonjs",
    "ts": "typescript",
    "cs": "csharp",
    "vb": "vbnet",
    "fs": "fsharp",
    "swift4": "swift",
}


def find_language(name: str) -> type[Generator]:
    """Return the language with this name, in any letter case. Raises NotFound."""
    generator = LANGUAGES.get(_ALIASES.get(name.lower(), name.lower()))
    if generator is None:
        raise NotFound(f"There are no types in '{name[:200]}'; there are some in {', '.join(LANGUAGES)}.")
    return generator


def generate(name: str, contract: Contract, options: Options) -> str:
    """Return the document of a language: the options block, then the types. Raises NotFound for an unknown language."""
    return find_language(name)(contract, options).write_document()


def write_source(name: str, contract: Contract, options: Options) -> str:
    """Return the types in a language without the options block, as pages show them; "" if the client library has all of them.

    :raises NotFound: for an unknown language.
    """
    generator = find_language(name)(contract, options)
    return "\n".join(generator.write_source()).strip("\n") if generator.types else ""
