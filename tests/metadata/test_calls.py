"""Calls as code, as the explorer shows them, in the hands of each language's compiler: every operation, empty and with every field."""

from __future__ import annotations

from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select

from gateway.contract.typeinfo import Contract
from tests.metadata import calls
from tests.metadata.calls import Call
from tests.metadata.conftest import Browser
from tests.metadata.tools import write_types
from tests.servers import Gateway
from tests.sessions_api import catalog

#: A text with what one language or another takes for something else.
_TEXT = 'It\'s "quoted" \\ $x ${y} #{z} {0} %s /* é ☃ \U0001f600 ptr("a") \t\''

_FILL = """
for (const each of document.querySelectorAll("#fields [data-wire]")) {
  if (each.tagName === "SELECT") each.value = each.options[each.options.length - 1].value;
  else if (each.tagName === "TEXTAREA") each.value = "k=v\\n" + arguments[0] + "=x, y";
  else each.value = each.getAttribute("inputmode") === "decimal" ? "5" : arguments[0];
}
document.getElementById("form").dispatchEvent(new Event("input"));
"""

_READ = """
const language = document.getElementById("language");
return [...language.options].map((each) => {
  language.value = each.value;
  language.dispatchEvent(new Event("change"));
  return [each.value, document.getElementById("code").textContent];
});
"""


@pytest.fixture(scope="module")
def generated_calls(browser: Browser, lasting_gateway: Gateway) -> dict[str, list[Call]]:
    """The calls by language."""
    by_language: dict[str, list[Call]] = {}
    for name in catalog.operations:
        browser.get("about:blank")
        browser.get(f"{lasting_gateway.url}/explorer#{name}")
        routes = Select(browser.find_element(By.ID, "route"))
        for number in range(len(routes.options)):
            routes.select_by_index(number)
            for state in ("empty", "full"):
                if state == "full":
                    browser.execute_script(_FILL, _TEXT)
                for language, code in browser.execute_script(_READ):
                    by_language.setdefault(language, []).append(Call(f"{name}_{number}_{state}", code))
    return by_language


@pytest.mark.parametrize("language", calls.TRIED)
def test_every_call(generated_calls: dict[str, list[Call]], contract: Contract, tmp_path: Path, language: str) -> None:
    assert len(generated_calls[language]) >= 2 * len(catalog.operations)
    assert any("☃" in call.code for call in generated_calls[language])
    calls.TRIED[language](write_types(language, contract, tmp_path), generated_calls[language])
