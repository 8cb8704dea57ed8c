"""The scope of an element in a document: its depth and the namespaces declared there. Also the escaping of texts."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Characters that XML 1.0 does not allow, even as references.
_FORBIDDEN = "\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff"
special = re.compile(f"[&<>\r{_FORBIDDEN}]").search
_forbidden = re.compile(f"[{_FORBIDDEN}]")


def escape(text: str) -> str:
    """Return a text as written between tags. A CR becomes a reference, a character that XML does not allow becomes U+FFFD."""
    if not special(text):
        return text
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")
    return _forbidden.sub("\ufffd", text)


def attribute(text: str) -> str:
    """Return a text as written inside a quoted attribute."""
    return escape(text).replace('"', "&quot;")


@dataclass(frozen=True)
class Scope:
    """The scope of an element: its depth, and the prefixes of the namespaces declared there."""

    depth: int
    prefixes: tuple[tuple[str, str], ...]
    namespace: str

    def element(self, name: str, namespace: str) -> tuple[str, str, Scope]:
        """Return an element's qualified name, the namespace declaration it needs, and the scope inside it."""
        prefixes = dict(self.prefixes)
        declaration = ""
        namespace = namespace or self.namespace
        if namespace and namespace not in prefixes:
            prefixes = {uri: prefix for uri, prefix in prefixes.items() if prefix} | {namespace: ""}
            declaration = f' xmlns="{attribute(namespace)}"'
        prefix = prefixes.get(namespace, "")
        qualified = f"{prefix}:{name}" if prefix else name
        return qualified, declaration, Scope(self.depth + 1, tuple(prefixes.items()), namespace)

    def declare(self, namespace: str) -> tuple[str, Scope]:
        """Return the declaration of the namespace of an element's content, and the scope with it."""
        if not namespace or namespace == self.namespace or namespace in dict(self.prefixes):
            return "", self
        prefix = f"d{self.depth}p1"
        return f' xmlns:{prefix}="{attribute(namespace)}"', Scope(
            self.depth, (*self.prefixes, (namespace, prefix)), self.namespace
        )


ROOT = Scope(0, (), "")
