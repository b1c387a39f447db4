"""What nobody sends by mistake, and machines send all day: one corpus for every field that takes a text or a number.

`zq7` marks our own: it is the name of an element, of an attribute, of a function and of an address, so that whatever
comes alive in a page shows itself. 7191 times 7 is 50337, which only a template that calculates would say.
"""

from typing import Any

MARK = "zq7"
CALCULATED = "50337"

SQL = (
    "' OR '1'='1",
    "'; DROP TABLE customers; --",
    '" OR ""="',
    "1) UNION SELECT password_hash FROM staff --",
    "%' AND pg_sleep(9) IS NULL AND '%'='",
    "\\'; SELECT 1; --",
    "$$; SELECT 1; $$",
    "%",
    "_%_%_",
    "* FROM x",
    "a & b | !c:*",
    "(((((((((((",
    "E'\\\\x00'",
    "{1,2}",
    "null",
    "NULL",
    "undefined",
)
HTML = (
    "<zq7>",
    "<script>zq7()</script>",
    "</script><script>zq7()</script>",
    "<img src=x onerror=zq7()>",
    '"><svg onload=zq7()>',
    "'><svg onload=zq7()>",
    "</textarea><script>zq7()</script>",
    "</title><script>zq7()</script>",
    '" autofocus onfocus="zq7()',
    "' autofocus onfocus='zq7()",
    "` onmouseover=zq7() `",
    "javascript:zq7()",
    "JaVaScRiPt:zq7()",
    "data:text/html,<script>zq7()</script>",
    "//zq7.example/x",
    "https://zq7.example/",
    "<!--><zq7>",
    "<a href=javascript:zq7()>x</a>",
    "&lt;script&gt;zq7()&lt;/script&gt;",
    "&#x3c;zq7&#x3e;",
    "]]><zq7>",
    "<style>@import '//zq7.example'</style>",
    "<base href=//zq7.example/>",
    "<form action=//zq7.example><input name=x>",
)
HTMX = (
    '" hx-get="/zq7" hx-trigger="load',
    "' hx-get='/zq7' hx-trigger='load",
    '<div hx-get="/zq7" hx-trigger="load"></div>',
    '" hx-on:click="zq7()',
    '" data-hx-post="/zq7',
    "<div hx-vals='js:{x: zq7()}'></div>",
    '" hx-vals="js:zq7()',
)
TEMPLATES = (
    "{{ 7191*7 }}",
    "{% set x = 7191*7 %}{{ x }}",
    "${7191*7}",
    "#{7191*7}",
    "<%= 7191*7 %>",
    "{{ ''.__class__.__mro__ }}",
    "%(name)s",
    "%s%s%s%n",
    "{0}",
    "{name.__class__}",
    "{{",
    "{%",
    "{#",
)
FORMULAS = (
    "=HYPERLINK(1)",
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "\t=1+1",
    "\r=1+1",
    "=cmd|' /C calc'!A0",
    ";=1+1",
    '","=1+1',
    "\n=1+1",
    "'=1+1",
)
UNICODE = (
    "\u202eabc",
    "a\u202e\u2066b\u2069",
    "a\u200bb",
    "\u200b",
    "\u200f\u200e",
    "\ufeffabc",
    "\u00ad",
    "\u2028\u2029",
    "\u0085",
    "\u00a0",
    "I\u0307\u0131\u017f\u212a",
    "\ufb01\u1e9e\u00df",
    "e\u0301" * 50,
    "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d" * 20,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\ufdfa" * 100,
    "\uffff\ufffe",
    "\U0010ffff",
    "\ue000",
    "\u2460\u00b2\u00bd",
    "\uff11\uff12",
    "אבג\u05b0\u05bc",
)
UNSTORABLE = (
    "\x00",
    "a\x00b",
    "\ud800",
    "a\udfffb",
    "\ud83d",
    "\x01\x02\x7f",
    "\x1b[31m",
    "a\r\nSet-Cookie: zq7=1",
    "\n",
    "\t",
)
LONG = ("a" * 201, "a" * 10_000, "a" * 1_000_000, "a" * 250 + "\u05d0" * 250, " " * 5_000, "9" * 4_301)
NUMBERS: tuple[Any, ...] = (
    *(0, -1, 1, 2**31 - 1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 10**30, 10**400),
    *(0.1, -0.0, 1e308, 1e-320, 1.5),
    *("0", "-1", "00012", "1e9", "1e999", "0x10", "0b1", "1_000", "1,5", "1.5", "1.5.5", ".5", "5.", "+5", "- 5"),
    *(
        "NaN",
        "Infinity",
        "-Infinity",
        "١٢٣",
        "12\u066b5",
        "9" * 40,
        "0.0000000001",
        "2147483648",
        "9223372036854775808",
    ),
    *(
        "2026-02-30",
        "0000-00-00",
        "9999-12-31",
        "10000-01-01",
        "0001-01-01",
        "2026-11-25T25:00:00",
        "2026-11-25T00:00:00",
    ),
    *("1999-12-31T23:59:59.999999999+99:99", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "today"),
)
SHAPES: tuple[Any, ...] = (None, True, False, [], {}, [[]], [None], {"zq7": 1}, ["zq7"] * 3, {"": ""}, [{}] * 200, "")
PATHS = (
    "../../etc/passwd",
    "..%2f..%2f",
    "C:\\x",
    "/",
    "//",
    ".",
    "a/b",
    "a?b=c#d",
    "%00",
    "%zz",
    "a;b",
    "-",
    "file:///x",
)

HOSTILE: tuple[Any, ...] = (
    *(*SQL, *HTML, *HTMX, *TEMPLATES, *FORMULAS, *UNICODE, *UNSTORABLE),
    *(*LONG, *NUMBERS, *SHAPES, *PATHS),
)
"""The whole corpus, in a fixed order."""
