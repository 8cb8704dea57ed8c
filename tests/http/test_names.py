"""Any name comes back whole, in every format."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from webtest import TestApp

from gateway.contract.shapes import document_shape
from gateway.sessions.dtos.sessions import NewSession, SessionInfo
from serializers.registry import default_registry

from .conftest import post

#: Texts that XML 1.0 can hold: it has no way to write most control characters.
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\t\r\n"), min_size=1, max_size=255)


@given(
    name=NAMES | st.text('"{}[]:,\r\n\\ ', min_size=1, max_size=20),
    format_name=st.sampled_from(["json", "jsv", "xml", "csv"]),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_name_comes_back_whole(client: TestApp, name: str, format_name: str) -> None:
    serializer = default_registry().by_name(format_name)
    assert serializer is not None
    body = serializer.encode({"displayName": name}, document_shape(NewSession))
    response = post(client, f"/sessions.{format_name}", body, serializer.media_types[0])
    assert response.status_code == 200, response.text
    assert serializer.decode(response.body, document_shape(SessionInfo))["displayName"] == name
