"""Convert names between Python's snake_case, .NET's PascalCase, and the camelCase of documents."""

from __future__ import annotations

from functools import cache


@cache
def pascal_case(name: str) -> str:
    """Return the .NET name of a Python name: ``call_sid`` is ``CallSid``."""
    return "".join(word[:1].upper() + word[1:] for word in name.split("_"))


@cache
def camel_case(name: str) -> str:
    """Return the wire name of a .NET name: the leading run of capitals is lowered except the one that starts the next word.

    ``CallSid`` is ``callSid``, ``IsBYOA`` is ``isBYOA``, ``AITranscription`` is ``aiTranscription``, ``ID`` is ``id``.
    """
    for index, letter in enumerate(name):
        following = name[index + 1 : index + 2]
        starts_next_word = index > 0 and following != "" and not following.isupper()
        if not letter.isupper() or starts_next_word:
            return name[:index].lower() + name[index:]
    return name.lower()


@cache
def words(name: str) -> str:
    """Return a .NET name as words, as validation messages show it: ``DisplayName`` is ``Display Name``."""
    text = ""
    for index, letter in enumerate(name):
        if index and letter.isupper() and not name[index - 1].isupper():
            text += " "
        text += letter
    return text


_DATA_CONTRACT = "http://schemas.datacontract.org/2004/07/"


def xml_namespace(dotnet_namespace: str) -> str:
    """Return the XML namespace of a .NET namespace; a URL is returned unchanged."""
    return dotnet_namespace if "://" in dotnet_namespace else _DATA_CONTRACT + dotnet_namespace
