"""A file or function that needs scrolling holds two things."""

import ast

from tests.house import tree

FILE_LINES = 400
FUNCTION_LINES = 60
# Up to 450 lines, where cutting would part what is read together: file and reason.
LONGER: dict[str, str] = {}


def test_no_file_of_ours_is_longer_than_400_lines():
    # A migration is read once, a style sheet by its selectors (test_pages.py holds its size).
    code = [p for p in tree.files(".", ".py", ".html", ".js") if p.parent.name != "versions"]
    assert len(code) > 10
    lengths = {tree.name(p): len(p.read_text(encoding="utf-8").splitlines()) for p in code}
    too_long = {name: n for name, n in lengths.items() if n > (450 if name in LONGER else FILE_LINES)}
    assert not too_long, f"Cut these along what they are about: {too_long}"


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, without the docstring."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None and first.end_lineno is not None:
        lines -= first.end_lineno - first.lineno + 1
    return lines


def test_no_function_is_longer_than_60_lines():
    functions = [
        (f"{tree.name(path)}:{node.lineno} {node.name}", _length(node))
        for path in (*tree.files("erp_club", ".py"), *tree.files("web", ".py"))
        for node in ast.walk(tree.parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert len(functions) > 10
    too_long = {where: lines for where, lines in functions if lines > FUNCTION_LINES}
    assert not too_long, f"Give the parts of these names of their own: {too_long}"
