"""Calls as code with values of every kind of type, and of operations without a route, in the hands of each language's compiler."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

from gateway.contract import fields
from gateway.contract.catalog import ANYONE, Catalog
from gateway.contract.dto import Dto
from gateway.contract.typeinfo import describe
from gateway.metadata import types
from gateway.metadata.library import Library
from serializers.registry import default_registry
from tests.contract import every_kind
from tests.metadata import BASE_URL, calls
from tests.metadata.calls import Call
from tests.metadata.conftest import Browser
from tests.metadata.test_calls import _READ
from tests.metadata.tools import write_types

CATALOG = every_kind.catalog()
CONTRACT = describe(CATALOG)
#: The operations whose requests have values of all kinds.
NAMES = ("Scalars", "Never", "Collections", "Members")


class Ping(Dto):
    """An operation without a route"""

    text = fields.String()
    secret_key = fields.String(ui={"input": {"type": "password"}})


class WithSecrets(Dto):
    name = fields.String()
    password = fields.String()


class Import(Dto):
    users = fields.List(fields.Nested(WithSecrets))


def write_page(catalog: Catalog, folder: Path) -> str:
    """The address of the explorer of a catalog, as a file."""
    library = Library(catalog, default_registry(), "Kinds", "1")
    path = folder / "explorer.html"
    path.write_bytes(library.render_explorer(None, BASE_URL).body)
    return path.as_uri()


@pytest.fixture(scope="module")
def generated_calls(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Call]]:
    """The calls with samples, by language."""
    by_language: dict[str, list[Call]] = {}
    address = write_page(CATALOG, tmp_path_factory.mktemp("kinds"))
    for name in NAMES:
        browser.get("about:blank")
        browser.get(f"{address}#{name}")
        browser.find_element(By.ID, "sample").click()
        for language, code in browser.execute_script(_READ):
            by_language.setdefault(language, []).append(Call(f"{name}_sample", code))
    return by_language


def test_every_language_is_there(generated_calls: dict[str, list[Call]]) -> None:
    assert set(generated_calls) == {"curl", *types.LANGUAGES}
    for language, language_calls in generated_calls.items():
        for call in language_calls:
            # Zig has no class names of others; every language names the request.
            assert call.name.partition("_")[0] in call.code or language == "curl"
            assert not re.search(r"undefined|\[object|NaN", call.code), (language, call.code)


@pytest.mark.parametrize("language", calls.TRIED)
def test_compilers(generated_calls: dict[str, list[Call]], tmp_path: Path, language: str) -> None:
    calls.TRIED[language](write_types(language, CONTRACT, tmp_path), generated_calls[language])


def test_an_operation_without_a_route(browser: Browser, tmp_path: Path) -> None:
    catalog = Catalog()
    catalog.operation("POST", returns=str, access=ANYONE)(Ping)
    catalog.operation("POST", "/import", access=ANYONE)(Import)
    address = write_page(catalog, tmp_path)
    browser.get("about:blank")
    browser.get(f"{address}#Ping")
    browser.find_element(By.ID, "field-text").send_keys("Hello")
    browser.find_element(By.ID, "field-secretKey").send_keys("open sesame")
    request = str(browser.find_element(By.ID, "request").get_property("textContent"))
    assert request.startswith("POST /api/Ping HTTP/1.1") or "/api/Ping" in request.splitlines()[0]
    for language, code in browser.execute_script(_READ):
        assert "Hello" in code, language
        assert "open sesame" not in code, language
    assert "sesame" not in browser.current_url + request


def test_secrets_inside_of_records_are_concealed(browser: Browser, tmp_path: Path) -> None:
    catalog = Catalog()
    catalog.operation("POST", "/import", access=ANYONE)(Import)
    browser.get("about:blank")
    browser.get(f"{write_page(catalog, tmp_path)}#Import")
    browser.find_element(By.ID, "field-users").send_keys('[{"name": "Ann", "PASSWORD": "open sesame"}]')
    for language, code in browser.execute_script(_READ):
        assert "sesame" not in code, language
        assert "Ann" in code, language
        assert "YOUR_PASSWORD" in code, language
    assert "sesame" not in browser.current_url
    browser.find_element(By.ID, "as-text").click()
    code = str(browser.find_element(By.ID, "code").get_property("textContent"))
    assert "sesame" not in code


def test_invalid_numbers_are_texts(browser: Browser, tmp_path: Path) -> None:
    browser.get("about:blank")
    browser.get(f"{write_page(CATALOG, tmp_path)}#Scalars")
    browser.find_element(By.ID, "field-uLong").send_keys("18446744073709551615")
    number = browser.find_element(By.ID, "field-int")
    for text in ('5"); evil(', "5; evil()", "0x10", "1e", "-"):
        number.clear()
        number.send_keys(text)
        for language, code in browser.execute_script(_READ):
            assert "18446744073709551615" in code, language
            if language != "curl":
                assert not re.search(rf"[=:(] *{re.escape(text)}", code), (language, code)
