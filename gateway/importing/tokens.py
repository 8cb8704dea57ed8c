"""Tokens of languages with braces, shared by their readers. A token keeps the comments before it, because they describe what follows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape

from gateway.contract.dto_field import Attribute
from gateway.importing.drafts import ImportFailed
from gateway.importing.members import UnspeakableType, parse_type_argument

Value = str | int | float | bool


@dataclass(frozen=True)
class Syntax:
    """The differences between languages.

    :ivar line: the start of a comment that ends with its line.
    :ivar opening: the start of a comment over several lines; empty for none.
    :ivar closing: the end of one.
    :ivar quotes: the quotes around texts.
    :ivar doubled: a quote within a text is written twice, and a backslash is an ordinary character.
    :ivar quoted_names: a name may be in backticks.
    """

    line: str = "//"
    opening: str = "/*"
    closing: str = "*/"
    quotes: str = "\"'"
    doubled: bool = False
    quoted_names: bool = False


@dataclass(slots=True)
class Token:
    """A word, a number, a text or a symbol.

    :ivar kind: ``take_name``, ``number``, ``text``, ``sign`` or ``end``.
    :ivar comments: the comments before it, each with its start mark.
    :ivar offset: its position in the document.
    """

    kind: str
    text: str
    offset: int
    comments: list[tuple[str, str]] = field(default_factory=list)


_NAME = re.compile(r"[@$]?[^\W\d]\w*")
_NUMBER = re.compile(r"-?(?:0[xX][0-9a-fA-F]+|\d+(?:\.\d+)?)")
_SIGNS = ("=>", "->", "::", ":=", "...")
#: Only F# has these, around attributes.
_BRACKETS = ("[<", ">]")
_ESCAPE = re.compile(r"\\(u\{?([0-9a-fA-F]{1,6})\}?|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}


class Tokens:
    """A cursor over the tokens of a document."""

    def __init__(self, text: str, syntax: Syntax) -> None:
        """Read the document. Raises ImportFailed for a comment or a text that does not end."""
        self.source = text
        self.syntax = syntax
        self.tokens = [*self._read()]
        self.at = 0

    # Reading

    def _read(self) -> Iterator[Token]:
        text, syntax = self.source, self.syntax
        at, comments = 0, list[tuple[str, str]]()
        while at < len(text):
            letter = text[at]
            if letter.isspace() or letter == "\ufeff":
                at += 1
            elif syntax.opening and text.startswith(syntax.opening, at):
                end = text.find(syntax.closing, at + len(syntax.opening))
                if end < 0:
                    raise self.fail("a comment that does not end", at)
                comments.append((syntax.opening, text[at + len(syntax.opening) : end]))
                at = end + len(syntax.closing)
            elif text.startswith(syntax.line, at):
                end = text.find("\n", at)
                end = len(text) if end < 0 else end
                comments.append((syntax.line, text[at + len(syntax.line) : end].rstrip("\r")))
                at = end
            else:
                token, at = self._read_token(at, letter)
                token.comments, comments = comments, []
                yield token
        yield Token("end", "", len(text), comments)

    def _read_token(self, at: int, letter: str) -> tuple[Token, int]:
        text, syntax = self.source, self.syntax
        if letter in syntax.quotes and not (letter == "'" and self._is_parameter(at)):
            return self._read_text(at, letter)
        if letter == "`" and syntax.quoted_names:
            end = text.find("`", at + 1)
            if end < 0:
                raise self.fail("a name that does not end", at)
            return Token("name", text[at + 1 : end], at), end + 1
        if match := _NAME.match(text, at):
            return Token("name", match[0], at), match.end()
        if (match := _NUMBER.match(text, at)) and not (letter == "-" and not match[0][1:]):
            return Token("number", match[0], at), match.end()
        signs = (*_BRACKETS, *_SIGNS) if syntax.opening == "(*" else _SIGNS
        sign = next((candidate for candidate in signs if text.startswith(candidate, at)), letter)
        return Token("sign", sign, at), at + len(sign)

    def _is_parameter(self, at: int) -> bool:
        """Return whether a quote begins the name of a type parameter, as in F#."""
        return self.syntax.opening == "(*"

    def _read_text(self, at: int, quote: str) -> tuple[Token, int]:
        text, doubled = self.source, self.syntax.doubled
        end = at + 1
        while end < len(text):
            if text[end] == "\\" and not doubled:
                end += 2
            elif text[end] == quote:
                if doubled and text.startswith(quote, end + 1):
                    end += 2
                else:
                    break
            else:
                end += 1
        if end >= len(text):
            raise self.fail("a text that does not end", at)
        inner = text[at + 1 : end]
        value = inner.replace(quote * 2, quote) if doubled else _ESCAPE.sub(_unescape, inner)
        return Token("text", value, at), end + 1

    def fail(self, message: str, offset: int | None = None) -> ImportFailed:
        """Return an error at a position, by default the current one."""
        if offset is None:
            offset = self.tokens[self.at].offset
        line = self.source.count("\n", 0, offset) + 1
        column = offset - (self.source.rfind("\n", 0, offset) + 1) + 1
        return ImportFailed(f"line {line}, column {column}: {message}")

    # Moving

    @property
    def here(self) -> Token:
        """Return the next token, without taking it."""
        return self.tokens[self.at]

    @property
    def line(self) -> str:
        """Return the current line, for error messages."""
        return f"line {self.source.count(chr(10), 0, self.here.offset) + 1}"

    def look_ahead(self, steps: int = 1) -> Token:
        """Return a token after the next one."""
        return self.tokens[min(self.at + steps, len(self.tokens) - 1)]

    @property
    def is_over(self) -> bool:
        """Return whether no token is left."""
        return self.here.kind == "end"

    def next(self) -> Token:
        """Take a token."""
        token = self.here
        if token.kind == "end":
            raise self.fail("the document ends here, in the middle of a declaration")
        self.at += 1
        return token

    def sees(self, *texts: str) -> bool:
        """Return whether the next token is one of these words or symbols."""
        return self.here.kind != "text" and self.here.text in texts

    def accept(self, *texts: str) -> bool:
        """Take the next token if it is one of these; return whether it was."""
        if self.sees(*texts):
            self.at += 1
            return True
        return False

    def expect(self, text: str) -> None:
        """Take the next token. Raises ImportFailed when it is a different one."""
        if not self.accept(text):
            raise self.fail(f"expected {text!r}, got {self.here.text[:50]!r}")

    def take_name(self) -> str:
        """Take a name. Raises ImportFailed when the next token is not one."""
        if self.here.kind != "name":
            raise self.fail(f"expected a name, got {self.here.text[:50]!r}")
        return self.next().text.lstrip("@")

    def skip(self, opening: str, closing: str) -> None:
        """Skip brackets and their content; the opening one is the next token."""
        self.expect(opening)
        depth = 1
        while depth:
            if self.sees(opening):
                depth += 1
            elif self.sees(closing):
                depth -= 1
            self.next()

    def skip_to(self, *texts: str) -> None:
        """Skip tokens until one of these is next; brackets are skipped with their content."""
        while not self.is_over and not self.sees(*texts):
            if self.sees("{"):
                self.skip("{", "}")
            elif self.sees("("):
                self.skip("(", ")")
            else:
                self.next()

    # Notes on a declaration

    def read_notes(self) -> Notes:
        """Return the notes in the comments before the next token."""
        return Notes.of(self.here.comments, self)

    def read_arguments(self) -> tuple[tuple[Value, ...], dict[str, Value]]:
        """Read the arguments of an attribute in parentheses, or none."""
        first: list[Value] = []
        values: dict[str, Value] = {}
        if not self.accept("("):
            return (), {}
        while not self.accept(")"):
            is_named = (
                self.here.kind == "name"
                and self.look_ahead().text in ("=", ":=", ":")
                and self.look_ahead().kind == "sign"
            )
            name = self.take_name() if is_named else ""
            if is_named:
                self.next()
            value = self._read_value()
            if is_named:
                values[name] = value
            else:
                first.append(value)
            if not self.sees(")"):
                self.expect(",")
        return tuple(first), values

    def _read_value(self) -> Value:
        token = self.next()
        if token.kind == "text":
            text = token.text
            while self.accept("+"):
                text += self.next().text
            return text
        if token.kind == "number":
            return _parse_number(token.text)
        if token.text.lower() in ("true", "false"):
            return token.text.lower() == "true"
        # A constant: its text. A type: its name.
        text = token.text
        while not self.sees(",", ")") and not self.is_over:
            text += self.next().text
            if text.endswith("("):
                while not self.sees(")"):
                    text += self.next().text
                text += self.next().text
        if not _OF_TYPE.match(text):
            return text
        try:
            return parse_type_argument(text)
        except UnspeakableType:
            return text


def _parse_number(text: str) -> int | float:
    if text.lower().startswith("0x"):
        return int(text, 16)
    return float(text) if "." in text else int(text)


def _unescape(match: re.Match[str]) -> str:
    if match[2]:
        return chr(int(match[2], 16)) if int(match[2], 16) < 0x110000 else match[0]
    return _ESCAPED.get(match[1], match[1])


_OF_TYPE = re.compile(r"(?:typeof|GetType)\b")
#: The mark that follows the start of a comment in a documentation comment of one line.
_DOCUMENTED = {"//": "/", "'": "''", "#": "\0"}
_TAG = re.compile(r"</?\w+/?>")
_ATTRIBUTE = re.compile(r"\s*@(\w+)\s*(\(.*\))?\s*$", re.DOTALL)
#: Tags in documentation comments that describe types in languages without type syntax.
_TAG_NAME = re.compile(r"@(type|description|template|var|typedef|property|returns?)\b")
#: The options at the head of a document are not a description.
_OPTIONS = re.compile(r"\s*Options:")


@dataclass
class Notes:
    """The notes in the comments before a declaration.

    :ivar tags: values of tags such as ``@type {T}``, by tag.
    """

    description: str = ""
    attributes: list[Attribute] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, comments: list[tuple[str, str]], tokens: Tokens) -> Notes:
        """Return the notes in comments."""
        notes = cls()
        lines: list[str] = []
        for opening, text in comments:
            if _OPTIONS.match(text):
                continue
            if opening == tokens.syntax.line:
                if not notes._parse_attribute(text) and text.startswith(_DOCUMENTED[tokens.syntax.line]):
                    lines.append(text.lstrip("/'"))
            elif text.startswith("*"):
                lines += notes._parse_tags([line.strip().lstrip("*").strip() for line in text.splitlines()])
        notes.description = notes.description or _format_plain("\n".join(lines))
        return notes

    def _parse_attribute(self, text: str) -> bool:
        match = _ATTRIBUTE.match(text)
        if match is None:
            return False
        try:
            first, values = Tokens(match[2] or "", Syntax(quotes='"')).read_arguments()
        except ImportFailed:
            return False
        self.attributes.append(Attribute(match[1], first, values))
        return True

    def _parse_tags(self, lines: list[str]) -> list[str]:
        """Collect tags; return the lines without tags."""
        text = "\n".join(lines)
        matches = [*_TAG_NAME.finditer(text)]
        for number, match in enumerate(matches):
            end = matches[number + 1].start() if number + 1 < len(matches) else len(text)
            value = text[match.end() : end].strip().rstrip("/").strip()
            if match[1] == "description":
                self.description = " ".join(value.split())
            elif match[1] == "template":
                self.tags["template"] = f"{self.tags.get('template', '')} {value}".strip()
            else:
                self.tags.setdefault(match[1], value)
        return (text[: matches[0].start()] if matches else text).splitlines()


def _format_plain(text: str) -> str:
    """Return the text of a documentation comment, on one line."""
    return " ".join(unescape(_TAG.sub("", text)).split())
