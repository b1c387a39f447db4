"""Lists taken out as files: it is kept who took which, and how it was narrowed."""

from collections.abc import Iterable, Sequence

from starlette.responses import Response

from erp_club.kernel import audit
from web import lists
from web.deps import Act


def taken_out(act: Act, filename: str, header: Sequence[str], rows: Iterable[Sequence[lists.Cell]]) -> Response:
    """The rows as `name.csv` or `name.xlsx`. Raises as `lists.stream_file`."""
    answer = lists.stream_file(filename, header, rows)
    name, _, suffix = filename.rpartition(".")
    asked = {key: value for key, value in act.request.query_params.items() if value}
    after = {**asked, "file": suffix}
    audit.record(act.session, by=act.by, now=act.now, action="list.export", entity="list", entity_id=name, after=after)
    return answer
