"""Every route says who may use it, has a name, and tells what it answers with."""

# REQ A-01
import inspect
import re
from collections import Counter

from tests.house.routes import COUNT, Walked, walk
from web.declared import Declared
from web.security import SAFE_METHODS

NAME = re.compile(r"[a-z]+(_[a-z]+)*(\.[a-z]+(_[a-z]+)*)*")


def _wrong(rule: str, wrong: list[Walked]) -> None:
    assert not wrong, f"{rule}: {', '.join(map(str, wrong))}"


def test_the_walk_sees_every_route():
    assert len(walk()) == COUNT, "A route came or went: set COUNT in tests/house/routes.py, and look at who may use it."


def test_every_route_declares_a_permission_or_why_anyone_may():
    _wrong(
        "Declare needs(Permission.…) or anyone(reason)",
        [each for each in walk() if each.declared is None or not (each.declared.permission or each.declared.anyone)],
    )


def test_what_is_open_to_anyone_says_why():
    _wrong(
        "Say why in a few words",
        [each for each in walk() if each.declared and not each.declared.permission and len(each.declared.anyone) < 10],
    )


def test_a_write_without_a_key_says_why():
    # Every other write takes an Idempotency-Key: tests/web/test_permissions.py sends none and is refused.
    declared = [each.declared or Declared() for each in walk() if each.method not in SAFE_METHODS]
    assert any(each.permission and not each.keyless for each in declared)
    _wrong(
        "Say in `keyless` why",
        [each for each in walk() if each.declared and each.declared.keyless and len(each.declared.keyless) < 10],
    )


def test_a_read_takes_no_key():
    _wrong(
        "A key is for writes",
        [each for each in walk() if each.method in SAFE_METHODS and each.declared and each.declared.keyless],
    )


def test_names_are_words_with_dots_and_name_one_route():
    _wrong("Name it like clubs.membership.renew", [each for each in walk() if not NAME.fullmatch(each.name)])
    names = Counter(each.name for each in walk())
    assert not [name for name, count in names.items() if count > 1], "Two routes have one name"


def test_addresses_are_nouns_in_lower_case():
    step = re.compile(r"[a-z][a-z.-]*|[a-z.-]*{[a-z_]+(:[a-z]+)?}[a-z.]*|[a-z-]+\.{[a-z]+}")
    _wrong(
        "Like /customers/{customer_id}/memberships",
        [each for each in walk() if not all(step.fullmatch(part) for part in each.path.strip("/").split("/") if part)],
    )


def test_every_route_says_what_it_does():
    _wrong("Write a docstring", [each for each in walk() if not inspect.getdoc(each.route.endpoint)])


def test_every_route_says_what_it_answers_with():
    _wrong(
        "Give response_model, status_code=303 or, for a file, responses",
        [
            each
            for each in walk()
            if each.route.response_model is None
            and each.route.status_code not in {204, 303}
            and not each.route.responses.get(200, {}).get("content")
        ],
    )
