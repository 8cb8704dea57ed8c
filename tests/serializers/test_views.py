"""Pages of records whose shape has a view, and of lists of them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from serializers import html
from serializers.html.viewed import make_label
from serializers.page import Control, Frame, Listing, Page
from serializers.shape import Boolean, Integer, ListOf, MapOf, Record, Text, View

VIEW = View(
    "Order", "Orders", ("name", "id"), ("name", "state", "created"), ("state", "lines"), ("id", "customerId"), "created"
)
LINE = Record("Line", {"text": Text(), "count": Integer()}, view=View("Line", "Lines", ("text",), ("text", "count")))
ORDER = Record(
    "Order",
    {
        "id": Text(),
        "customerId": Text(),
        "customerName": Text(),
        "name": Text(),
        "state": Text(),
        "open": Boolean(),
        "lines": ListOf(LINE),
        "tagIds": ListOf(Text()),
        "data": MapOf(Text()),
        "created": Text(),
    },
    view=VIEW,
)
ORDERS = Record(
    "Orders",
    {"items": ListOf(ORDER), "totalCount": Integer(), "totalPages": Integer(), "hasMorePages": Boolean()},
    rows="items",
)
CREATED = "2026-01-02T03:04:05.678900Z"
ADDRESSES: dict[str, Any] = {
    "addresses": {"orderid": "/orders/{}", "customerid": "/customers?ids={}", "tagid": "/tags/{}"},
    "owners": {"Order": ("/orders/{}", "id")},
    "root": "/base",
}


def order(number: int = 1, **more: Any) -> dict[str, Any]:
    return {"id": f"o{number}", "name": f"Order {number}", "state": "New", "created": CREATED, **more}


def write_list(
    rows: list[Any], listing: Listing, *, total: int = 202, pages: int = 5, more: bool = True, **page: Any
) -> str:
    value = {"items": rows, "totalCount": total, "totalPages": pages, "hasMorePages": more}
    return html.dumps(value, ORDERS, page=Page(listing=listing, **ADDRESSES, **page))


def strip_tags(page: str) -> str:
    """The text of a page's main part."""
    return " ".join(re.sub(r"<[^>]+>", " ", page[page.index("<main>") :]).split())


LISTING = Listing(
    "/base/orders",
    (("state", "New"), ("page", "2"), ("x", "a&b")),
    (Control("state", "State", "New"),),
    "created",
    sortable=True,
    number=2,
)


class TestList:
    def test_count_order_and_page(self) -> None:
        page = write_list([order()], LISTING)
        assert "<title>Orders</title>" in page
        assert "Orders — 202, newest first, page 2 of 5" in strip_tags(page)

    @pytest.mark.parametrize(
        ("changes", "totals", "text"),
        [
            (
                {"number": 1, "ascending": True, "sort_field": "dateCreated"},
                {},
                "202, oldest first by date created, page 1 of 5",
            ),
            ({"number": 3, "sort_field": "name"}, {}, "202, by name, descending, page 3 of 5"),
            ({"number": 0}, {"pages": 1, "more": False}, "202, newest first"),
            ({"number": 1, "capped": True, "sort_field": ""}, {"total": 10_000}, "more than 10,000, page 1"),
            ({"number": 4, "sort_field": ""}, {"total": 0, "pages": 0}, "page 4"),
        ],
    )
    def test_the_head_of_other_lists(self, changes: dict[str, Any], totals: dict[str, Any], text: str) -> None:
        page = write_list([order()], replace(LISTING, **changes), **totals)
        match = re.search(r"<small>— (.*?)</small>", page)
        assert match
        assert match[1] == text

    def test_pages_are_above_and_below(self) -> None:
        page = write_list([order()], LISTING)
        assert page.count('<a rel="prev" href="/base/orders?state=New&amp;x=a%26b">') == 2
        assert page.count('<a rel="next" href="/base/orders?state=New&amp;x=a%26b&amp;page=3">') == 2
        only = write_list([order()], replace(LISTING, number=1), pages=1, more=False)
        assert 'class="pages"' not in only

    def test_heads_sort(self) -> None:
        page = write_list([order(data={"k": "v"})], replace(LISTING, ascending=True))
        sort = "/base/orders?state=New&amp;x=a%26b&amp;sortField={}&amp;sortOrder={}"
        assert (
            f'<th scope="col" aria-sort="ascending"><a href="{sort.format("created", "Descend")}">Created</a></th>'
            in page
        )
        assert f'<th scope="col"><a href="{sort.format("name", "Ascend")}">Name</a></th>' in page
        assert '<th scope="col">Data</th>' in page, "what nothing sorts is no link"

    def test_the_filters_are_a_form_that_keeps_other_parameters(self) -> None:
        controls = (
            Control("state", "State", "New", choices=(("New", "New"), ("Old", "Old"))),
            Control("from", 'F"rom', '<"', about="Which <day>", kind="date"),
            Control("customerIds", "Customer IDs", rare=True),
        )
        page = write_list([order()], replace(LISTING, controls=controls))
        assert '<form class="filters" method="get" action="/base/orders"' in page
        assert '<input type="hidden" name="x" value="a&amp;b">' in page
        assert 'name="page"' not in page
        assert '<option value="New" selected>New</option><option value="Old">Old</option>' in page
        assert 'type="date" value="&lt;&quot;" title="Which &lt;day&gt;"' in page
        assert "<details><summary>More filters</summary>" in page
        assert '<a href="/base/orders?x=a%26b">Clear the filters</a>' in page

    def test_columns_of_the_view_come_first_and_the_others_are_behind_a_switch(self) -> None:
        page = write_list(
            [order(customerId="c 1", customerName="Ann", lines=[{"text": "a"}, {"text": "b"}], tagIds=["t/1", "t2"])],
            LISTING,
        )
        assert re.findall(r"<th scope=\"col\"[^>]*>(?:<a[^>]*>)?([^<]*)", page) == [
            "Name",
            "State",
            "Created",
            "Customer name",
            "Lines",
            "Tag IDs",
            "ID",
            "Customer ID",
            "text",
        ]
        assert 'class="rows list c3"' in page
        assert "<summary>2 items</summary>" in page

    def test_all_columns_stay_from_page_to_page(self) -> None:
        row = order(customerName="Ann")
        switch = re.compile(r'<a class="columns" id="all-columns" href="([^"]*)">([^<]*)</a>')
        address, label = switch.findall(write_list([row], LISTING))[0]
        # The page stays the same one.
        assert (address, label) == ("/base/orders?state=New&amp;page=2&amp;x=a%26b&amp;_columns=all", "All 5 columns")
        page = write_list([row], replace(LISTING, pairs=(*LISTING.pairs, ("_Columns", "All"))))
        assert switch.findall(page) == [("/base/orders?state=New&amp;page=2&amp;x=a%26b", "Only 3 columns")]
        assert "rows list wide" in page
        links = re.findall(r'<a (?:rel="(?:prev|next)" )?href="(/base/orders\?[^"]*)"', page)
        assert len(links) > 5
        assert all("_Columns=All" in link for link in links)
        assert '<input type="hidden" name="_Columns" value="All">' in page

    def test_the_column_that_sorts_is_shown(self) -> None:
        page = write_list([order(customerName="Ann")], replace(LISTING, sort_field="CustomerName"))
        assert 'class="rows list c4"' in page
        assert re.findall(r"<th scope=\"col\"[^>]*><a[^>]*>([^<]*)", page)[:3] == ["Name", "Customer name", "State"]

    def test_a_refused_filter_shows_the_reason(self) -> None:
        controls = (Control("from", "From", "x", problem="Not a <day>"), Control("id", "ID", rare=True, problem="No"))
        page = write_list([], replace(LISTING, controls=controls))
        assert 'value="x" aria-invalid="true" aria-describedby="problem-from">' in page
        assert '<small class="bad" id="problem-from">Not a &lt;day&gt;</small>' in page
        assert "<details open><summary>More filters</summary>" in page

    def test_ids_and_names_are_links(self) -> None:
        page = write_list([order(7, customerId="c 1", customerName="Ann", tagIds=["t/1", "t2"])], LISTING)
        assert '<a href="/base/orders/o7">Order 7</a>' in page
        assert '<a href="/base/customers?ids=c%201">Ann</a>' in page
        assert '<a href="/base/tags/t%2F1">t/1</a>, <a href="/base/tags/t2">t2</a>' in page

    def test_few_plain_items_are_shown_and_many_are_folded(self) -> None:
        record = replace(ORDER, fields={**ORDER.fields, "roles": ListOf(Text())})
        rows = replace(ORDERS, fields={**ORDERS.fields, "items": ListOf(record)})
        for roles, content in ((["a", "<b>"], "a, &lt;b&gt;"), (["a"] * 6, "<summary>6 items</summary>")):
            value = {"items": [order(roles=roles)], "totalCount": 1, "totalPages": 1, "hasMorePages": False}
            page = html.dumps(value, rows, page=Page(listing=replace(LISTING, number=1)))
            assert content in page
            assert "<small>— 1, newest first</small>" in page

    def test_a_record_in_a_cell_has_its_name(self) -> None:
        record = replace(ORDER, fields={**ORDER.fields, "newest": LINE})
        rows = replace(ORDERS, fields={**ORDERS.fields, "items": ListOf(record)})
        for line, content in (
            ({"text": "<b>"}, "&lt;b&gt;"),
            ({"text": "a" * 70}, "a" * 60 + "…"),
            ({"count": 1}, "1 field"),
        ):
            page = html.dumps({"items": [order(newest=line)]}, rows, page=Page(listing=LISTING))
            assert f"<details><summary>{content}</summary>" in page

    def test_an_invalid_id_is_not_a_link(self) -> None:
        page = write_list([order(1, id="..", customerId="")], LISTING)
        assert "/base/orders/.." not in page
        assert "/base/customers" not in page

    def test_points_in_time_are_elements(self) -> None:
        assert f'<time datetime="{CREATED}" title="{CREATED}">2026-01-02 03:04 UTC</time>' in write_list(
            [order()], LISTING
        )

    def test_empty_lists_explain_what_to_do(self) -> None:
        none: dict[str, Any] = {"total": 0, "pages": 0, "more": False}
        filtered = write_list([], replace(LISTING, number=1), **none)
        assert "Orders — none" in strip_tags(filtered)
        assert "No orders match these filters" in filtered
        assert '<a href="/base/orders?x=a%26b">Clear the filters</a> to see all.' in filtered
        assert "<table" not in filtered
        assert "There are no orders yet." in write_list([], Listing("/orders"), **none)
        beyond = write_list([], replace(LISTING, number=9), total=202, more=False)
        assert '<a href="/base/orders?state=New&amp;x=a%26b">Go to the first page</a>' in beyond

    def test_everything_is_escaped(self) -> None:
        hostile_text = "<script>\"&'"
        page = write_list(
            [
                order(
                    1,
                    name=hostile_text,
                    customerName=hostile_text,
                    customerId=hostile_text,
                    data={hostile_text: hostile_text},
                )
            ],
            LISTING,
            actions={hostile_text: f"/{hostile_text}"},
            links={hostile_text: hostile_text},
        )
        assert "<script" not in page

    def test_rows_are_streamed(self) -> None:
        read_numbers = []

        def rows() -> Any:
            for number in range(20_000):
                read_numbers.append(number)
                yield order(number)

        value = {"items": rows(), "totalCount": 20_000, "totalPages": 1, "hasMorePages": False}
        blocks = html.serializer.stream(value, ORDERS, page=Page(listing=replace(LISTING, number=0), **ADDRESSES))
        first = [next(blocks), next(blocks)]
        assert b"20,000" in b"".join(first)
        assert len(read_numbers) < 500
        rest = b"".join(blocks)
        assert rest.count(b"<tr>") + first[1].count(b"<tr>") == 20_001
        assert rest.endswith(b"</main></body></html>")

    def test_a_member_that_no_row_had_before_begins_a_table(self) -> None:
        rows = [order(number) for number in range(250)]
        rows[200]["data"] = {"k": "v"}
        page = write_list(rows, LISTING)
        assert page.count("<table><thead>") == 2
        assert '<th scope="col">Data</th>' in page.partition("Order 199<")[2].partition("Order 200<")[0]


class TestRecord:
    def test_title_sections_and_ids(self) -> None:
        value = order(4711, customerId="c1", open=False, lines=[{"text": "a", "count": 2}], tagIds=[], data={"k": "v"})
        related, actions = {"Notes": "/notes?orderId={}"}, {"End order": "/explorer#EndOrder?id={}"}
        page = html.dumps(value, ORDER, page=Page(related=related, actions=actions, **ADDRESSES))
        assert "<title>Order 4711 · Order</title>" in page
        assert "<h1>Order 4711 <small>· Order</small></h1>" in page
        assert '<a href="/base/notes?orderId=o4711">Notes</a>' in page
        assert '<a class="button" href="/base/explorer#EndOrder?id=o4711">End order</a>' in page
        positions = [
            page.index(text)
            for text in (">State<", "<h2>Lines<", "<h2>Data<", "<h2>Details<", ">Open<", "<h2>IDs<", ">o4711<")
        ]
        assert positions == sorted(positions)
        assert '<a href="/base/customers?ids=c1">c1</a>' in page
        assert "03:04:05 UTC" in page
        assert "Tag" not in page

    def test_a_record_without_a_name(self) -> None:
        assert "<title>Order</title>" in html.dumps({"state": "New"}, ORDER)
        assert "<i>empty</i>" in html.dumps({}, ORDER)

    def test_names_of_a_page_stay(self) -> None:
        page = html.dumps({"state": "New"}, ORDER, page=Page("Not found", lead="No <order> is here."))
        assert "<h1>Not found</h1>" in page
        assert "No &lt;order&gt; is here." in page

    def test_a_section_has_lines_and_tables(self) -> None:
        status = Record("Status", {"message": Text(), "code": Text(), "lines": ListOf(LINE)}, view=View("Status", "s"))
        record = Record("Error", {"status": status}, view=View("Error", "Errors"))
        value = {"status": {"message": "Not so.", "code": "Bad", "lines": [{"text": "a", "count": 2}]}}
        page = html.dumps(value, record, page=Page("Error", lead="Not so."))
        assert page.count("Not so.") == 1
        assert '<th scope="row">Code</th><td>Bad</td>' in page
        assert '<h3>Lines</h3><div class="rows list"' in page
        assert '<td data-label="Text">a</td>' in page


class TestFrame:
    def test_the_signed_in_user_is_in_the_frame(self) -> None:
        frame = Frame(
            "Shop <1>",
            "/base/",
            {"Explorer": "/base/explorer"},
            "Ann",
            sign_out="/base/auth/logout",
            after="/base/login",
        )
        page = html.dumps({}, ORDER, page=Page(frame=frame))
        assert '<a class="brand" href="/base/">Shop &lt;1&gt;</a>' in page
        assert '<form class="who" method="post" action="/base/auth/logout"><span class="name">Ann</span>' in page
        assert "<button>Sign out</button>" in page
        stranger = html.dumps({}, ORDER, page=Page(frame=replace(frame, caller="", sign_in="/base/login?redirect=%2F")))
        assert '<a href="/base/login?redirect=%2F">Sign in</a>' in stranger
        assert "Sign out" not in stranger

    def test_pages_load_no_other_files(self) -> None:
        page = html.dumps({}, ORDER)
        assert "<link rel=icon href='data:image/svg+xml," in page
        assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page)
        assert " style=" not in page


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("fromAddress", "From address"),
        ("accountId", "Account ID"),
        ("callSid", "Call SID"),
        ("id", "ID"),
        ("from", "From"),
        ("URLPath", "URL path"),
        ("line2Text", "Line 2 text"),
        ("snake_case", "Snake case"),
        ("größe", "Größe"),
        ("_", "_"),
    ],
)
def test_labels(name: str, label: str) -> None:
    assert make_label(name) == label
