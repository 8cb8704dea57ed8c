"""Detection of the language of a document of generated types."""

from __future__ import annotations

import re
from collections.abc import Callable

from gateway.importing import python
from gateway.importing.csharp import CSharpReader
from gateway.importing.dart import DartReader
from gateway.importing.drafts import Draft, ImportFailed
from gateway.importing.fsharp import FSharpReader
from gateway.importing.jvm import JavaReader, KotlinReader
from gateway.importing.php import PhpReader
from gateway.importing.swift import SwiftReader
from gateway.importing.typescript import DeclarationReader, JavaScriptReader, TypeScriptReader
from gateway.importing.vbnet import VisualBasicReader

#: Texts at the beginning of a line that only one language has; the first match decides.
_MARKS: tuple[tuple[str, Callable[[str], Draft]], ...] = (
    (
        r"Imports ServiceStack\b|Namespace Global\b|Public (?:Partial )?Class \w",
        lambda text: VisualBasicReader(text).read(),
    ),
    (
        r"open ServiceStack\b|type \w+(?:<[^>\n]*>)?\(\) =|\[<AllowNullLiteral>\]",
        lambda text: FSharpReader(text).read(),
    ),
    (
        r"<\?php|enum \w+ : (?:string|int)\b|class \w[^\n]* implements [^\n]*JsonSerializable",
        lambda text: PhpReader(text).read(),
    ),
    (
        r"public class \w[^\n]*: [^\n]*Codable|public enum \w+ *: *(?:String|Int), *Codable|import ServiceStack$",
        lambda text: SwiftReader(text).read(),
    ),
    (
        r"import 'package:servicestack/|class \w[^\n]* implements [^\n]*IConvertible",
        lambda text: DartReader(text).read(),
    ),
    (r"import net\.servicestack\.client\.\*;|public static (?:class|enum) \w", lambda text: JavaReader(text).read()),
    (
        r"import net\.servicestack\.client\.\*|open class \w|enum class \w|data class \w",
        lambda text: KotlinReader(text).read(),
    ),
    (r"from servicestack import|@dataclass\b|class \w+\(.*\):", python.read),
    (
        r"using [\w.]+;|namespace [\w.]+\s*[;{]|\[(?:Route|DataContract)\b|public (?:partial |abstract |sealed )*(?:class|enum) \w",
        lambda text: CSharpReader(text).read(),
    ),
    (
        r"export var \w+;|export class \w+(?: extends \w+)? \{\s*(?:\/\*\*.*?\*\/\s*)?constructor",
        lambda text: JavaScriptReader(text).read(),
    ),
    (
        r"declare module\b|interface \w[^\n]*\n\s*\{[^}]*\?:|type \w+ = [\"'\d]",
        lambda text: DeclarationReader(text).read(),
    ),
    (
        r"export (?:class|enum|interface|declare|type) \w|declare (?:class|enum|interface|type)",
        lambda text: TypeScriptReader(text).read(),
    ),
)


def read(text: str) -> Draft:
    """Return the declarations of a document of types.

    :raises ImportFailed: when its language is unknown, or it can't be read.
    """
    for mark, reader in _MARKS:
        if re.search(rf"^\s*(?:{mark})", text, re.MULTILINE | re.DOTALL):
            draft = reader(text)
            if not draft.types:
                raise ImportFailed(f"this {draft.kind} declares no types")
            return draft
    if re.search(_COMPILED, text, re.MULTILINE):
        raise ImportFailed(
            "this is compiled JavaScript, which has no members of types: import the TypeScript that it was compiled from"
        )
    raise ImportFailed(
        "this is none of the documents that can be imported: metadata.json, app.json, OpenAPI, a metadata page, or types in C#, "
        "TypeScript, JavaScript, Java, Kotlin, Python, PHP, Swift, Dart, F# or VB.NET"
    )


#: A compiler's output for classes.
_COMPILED = r"^\s*(?:exports\.\w+ = |(?:var|let|const) \w+ = (?:/\*\* @class \*/ )?\(function \()"

#: Beginnings of lines that belong to the declaration below.
_LEADING = ("/", "*", "@", "[", "#", "'", "<")


def find_start(text: str) -> int | None:
    """Return the offset at which types begin in a text; None if it has none."""
    matches = [
        match for mark, _ in _MARKS if (match := re.search(rf"^[ \t]*(?:{mark})", text, re.MULTILINE | re.DOTALL))
    ]
    if not matches:
        return None
    at = min(match.start() for match in matches)
    while at:
        line = text.rfind("\n", 0, at - 1) + 1
        if not text[line:at].lstrip().startswith(_LEADING):
            return at
        at = line
    return at
