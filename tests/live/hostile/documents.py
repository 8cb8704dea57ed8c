"""Bodies: one function a format, each from a document that is nearly right to one that never ends."""

from __future__ import annotations

import struct
from collections.abc import Callable
from random import Random

from tests.live.hostile import values

Body = tuple[str, bytes]


def _make_json(random: Random) -> Body:
    many = random.choice((65, 500, 20_000, 200_000))
    text = random.choice(
        (
            values.as_json(values.tree(random)),
            values.as_json({values.field(random): values.text(random) for _ in range(8)}),
            values.as_json([values.tree(random, 1) for _ in range(5)]),
            "[" * many,
            '{"a":' * many,
            "[" * many + "]" * many,
            '{"members":[' * 70,
            f'{{"displayName":{"9" * many}}}',
            f'{{"displayName":1e{"9" * 30}}}',
            f'{{"{"k" * many}":1}}',
            "{" + ",".join(f'"k{number}":{number}' for number in range(min(many, 20_000))) + "}",
            '{"displayName":"\\ud800"}',
            '{"displayName":"\\u0000"}',
            '{"displayName":"\\uZZZZ"}',
            '{"displayName":NaN,"channel":-Infinity}',
            '{"displayName":"' + "\\" * random.randrange(1, 9),
            '{"channel":{},"memberEmailAddresses":{"a":[]},"startSession":[[]]}',
            '{"displayName":"a","displayName":"b"}',
            "nul",
            '"text"',
            "[null,1,true,[],{}]",
            "[" + "{}," * min(many, 1500) + "{}]",
            "-",
            "/**/{}",
        )
    )
    return random.choice(("application/json", "text/json", "application/json; charset=rot13")), values.encoded(text)


def _make_jsv(random: Random) -> Body:
    many = random.choice((65, 500, 20_000))
    name, value = values.field(random), values.text(random)
    text = random.choice(
        (
            f"{{{name}:{value}}}",
            f"{{{name}:{value},displayName:[{value},{value}],channel:{{{value}:{value}}}}}",
            "{" * many,
            "[" * many,
            "{a:" * many + "}" * many,
            '{displayName:"' + '"' * random.randrange(9),
            "{displayName:" + "9" * many + "}",
            "{displayName" + "\t" * 9 + ":\x00}",
            "{:,:,:}",
            "{a:b}}",
            "[{},{},{}",
            "{memberEmailAddresses:[" + "a," * many + "]}",
            value,
        )
    )
    return random.choice(("text/jsv", "application/jsv", "text/x-jsv")), values.encoded(text)


_BOMB = (
    '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + number)} "{f"&{chr(97 + number)};" * 10}">' for number in range(9))
    + "]><NewSession><DisplayName>&j;</DisplayName></NewSession>"
)


def _make_xml(random: Random) -> Body:
    many = random.choice((65, 500, 20_000))
    name, value = values.field(random), values.text(random)
    text = random.choice(
        (
            f"<NewSession><{name}>{value}</{name}></NewSession>",
            f"<NewSession xmlns='{value}'><DisplayName>x</DisplayName></NewSession>",
            _BOMB,
            '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
            '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x">%p;]><a/>',
            "<a>" * many,
            "<a>" * many + "</a>" * many,
            "<a " + " ".join(f'b{number}="{number}"' for number in range(min(many, 2000))) + "/>",
            "<a " + " ".join(f'xmlns:n{number}="u"' for number in range(min(many, 2000))) + "/>",
            f'<?xml version="1.0" encoding="{random.choice(("utf-7", "utf-16", "rot13", "idna", "latin-1", "x" * 99))}"?><NewSession/>',
            '<?xml version="9.9"?><NewSession/>',
            "<NewSession><DisplayName>&#0;&#xD800;&#x110000;</DisplayName></NewSession>",
            "<NewSession><DisplayName><![CDATA[" + "x" * many + "]]></DisplayName></NewSession>",
            "<NewSession><MemberEmailAddresses><a:string>x</a:string></MemberEmailAddresses></NewSession>",
            "<ArrayOfNewSession>" + "<NewSession/>" * min(many, 1100) + "</ArrayOfNewSession>",
            "<?pi ?><!-- -- --><NewSession/>",
            "<NewSession i:nil='true'/>",
            "<NewSession></Other>",
            "<NewSession/><NewSession/>",
            "<" + "n" * many + "/>",
        )
    )
    return random.choice(("application/xml", "text/xml", "text/xml; charset=utf-16")), values.encoded(text)


def _make_csv(random: Random) -> Body:
    many = random.choice((65, 500, 20_000))
    name, value = values.field(random), values.text(random)
    text = random.choice(
        (
            f"{name}\r\n{value}\r\n",
            f"{name},{name},{name}\r\n{value},{value}\r\n",
            f'DisplayName\r\n"{value}',
            "DisplayName\r\n" + '"' * random.randrange(9),
            ",".join(f"c{number}" for number in range(many)) + "\r\n" + "," * many,
            "DisplayName\r\n" + "a\r\n" * min(many, 1100),
            "DisplayName" + "," * many,
            "MemberEmailAddresses\r\n" + "[" * many,
            "\r\n" * many,
            "\x00,\x00\r\n\x00",
            "Display\rName\nx",
        )
    )
    return "text/csv", values.encoded(text)


def _make_msgpack(random: Random) -> Body:
    many = random.choice((65, 500, 20_000))
    data = random.choice(
        (
            b"\x91" * many,
            b"\x81\xa1a" * many,
            b"\xdd\xff\xff\xff\xff",
            b"\xdf\xff\xff\xff\xff",
            b"\xdb\xff\xff\xff\xffx",
            b"\xc9\xff\xff\xff\xff\x01x",
            b"\x81\xabdisplayName\xc7\x0c\xff" + b"\xff" * 12,
            b"\x81\xabdisplayName\xcf" + b"\xff" * 8,
            b"\x81\xabdisplayName\xcb" + struct.pack(">d", float("nan")),
            b"\x81\xc0\xc0",
            b"\x81\xa2\xff\xfe\xc0",
            values.octets(random),
        )
    )
    return "application/x-msgpack", data


def make_form(random: Random) -> str:
    """Pairs of a query or a form."""
    many = random.choice((1, 1, 2, 5, 9))
    name, value = values.field(random), values.text(random)
    pairs = [
        f"{values.escaped(random, values.field(random))}={values.escaped(random, values.text(random))}"
        for _ in range(many)
    ]
    return random.choice(
        (
            "&".join(pairs),
            "&".join(pairs),
            "&".join(pairs),
            "&" * 500,
            "=" * 500,
            f"{name}={value}&" * 20,
            "memberEmailAddresses=a%40example.org&" * 100,
            f"format={random.choice((*values.FORMATS, 'exe', 'text/html', '%00', 'json.xml'))}",
            f"jsconfig={random.choice(('inv,edv,elun,epcn', 'tc:', 'edv:' * 50, ',,,,', 'tei:true,tc:x'))}",
            f"{name}={{a:{{b:[c,{{d:e}}]}}}}",
            f"{name}[0][a]=1&{name}[1][b][]=2&{name}.a.b=3",
            "".join(random.choice(values.ESCAPES) for _ in range(9)) + "=1",
        )
    )


def _make_form(random: Random) -> Body:
    text = random.choice(
        (
            make_form(random),
            make_form(random),
            "&".join(f"k{number}={number}" for number in range(random.choice((100, 20_000)))),
        )
    )
    return "application/x-www-form-urlencoded", values.encoded(text)


def _make_multipart(random: Random) -> Body:
    boundary = random.choice(("x", "x", "x", "x" * 70, "x" * 300, "--", "", '"x"', "x y", "x;y", "\x7f", "é"))
    name, value = values.field(random), values.encoded(values.text(random))
    header = f'Content-Disposition: form-data; name="{name}"'.encode("utf-8", "replace")
    part = random.choice(
        (
            header,
            header,
            header + b'; filename="../../x"',
            header + b"; filename*=utf-8''%ff%fe",
            header + b"\r\nContent-Type: text/plain; charset=rot13",
            header + b"\r\nContent-Transfer-Encoding: base64",
            header + b"\r\nContent-Type: multipart/mixed; boundary=x",
            b"Content-Disposition: form-data",
            b"X: " + b"y" * 20_000,
            b"",
            b": : :",
            b"\xff\xfe",
        )
    )
    part_data = b"--" + boundary.encode() + b"\r\n" + part + b"\r\n\r\n" + value + b"\r\n"
    last = b"--" + boundary.encode() + b"--"
    data = random.choice(
        (
            part_data + last,
            part_data + last + b"\r\n",
            part_data,
            part_data * 3000 if len(part_data) < 300 else part_data,
            last,
            part_data[: len(part_data) // 2],
            b"\r\n" + part_data,
        )
    )
    parameter = random.choice(
        (
            f"; boundary={boundary}",
            f"; boundary={boundary}",
            "",
            "; boundary=",
            "; boundary=other",
            f';boundary="{boundary}"',
        )
    )
    return f"multipart/form-data{parameter}", data


def _make_unknown(random: Random) -> Body:
    kinds = (
        "",
        "text/plain",
        "image/png",
        "application/octet-stream",
        "*/*",
        "json",
        "a/b/c",
        "text/html",
        "; charset=x",
        "application/json, text/xml",
    )
    return random.choice(kinds), random.choice(
        (values.octets(random), b"", b"{", b"<", b"[]", b"\xef\xbb\xbf{}", "{}".encode("utf-16"))
    )


KINDS: tuple[Callable[[Random], Body], ...] = (
    _make_json,
    _make_json,
    _make_jsv,
    _make_xml,
    _make_csv,
    _make_msgpack,
    _make_form,
    _make_multipart,
    _make_unknown,
)


def make_document(random: Random) -> Body:
    """A Content-Type and a body: now and then of another type, with bytes changed, or cut off."""
    kind, data = random.choice(KINDS)(random)
    if random.random() < 0.1:
        kind = random.choice(KINDS)(random)[0]
    if data and random.random() < 0.2:
        at = random.randrange(len(data))
        data = data[:at] + values.octets(random, 5) + data[at + random.randrange(3) :]
    if random.random() < 0.1:
        data = data[: random.randrange(len(data) + 1)]
    return kind, data
