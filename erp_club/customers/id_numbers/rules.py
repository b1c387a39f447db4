"""Which numbers of identity documents a chain keeps at all (C-04). Pure.

A number that identifies a person is kept only where the law allows it and there is a reason. In Finland a personal
identity code may be processed for the purposes that the Data Protection Act (1050/2018), section 29, names; in Sweden
without consent only where it is clearly justified (lag 2018:218, 3 kap. 10 §). A customer club seldom is such a case:
both are off until head office says why.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from erp_club.customers.identity import NATIONAL_ID, PASSPORT
from erp_club.kernel.errors import FieldError
from erp_club.kernel.text import T

ELSEWHERE = ""
"""The country of the rule that holds for all countries without one of their own."""
LONGEST_REASON = 500

Document = tuple[str, str]
"""A kind of document and the country that issued it."""


@dataclass(frozen=True, slots=True)
class IdRule:
    """Whether numbers of a kind and country are kept, and why; `country` is ISO 3166-1 alpha-2, or `ELSEWHERE`."""

    kind: str
    country: str
    kept: bool
    reason: str = ""

    @property
    def document(self) -> Document:
        """What the rule is about."""
        return (self.kind, self.country)


DEFAULT = (
    IdRule(NATIONAL_ID, "IL", kept=True),
    IdRule(NATIONAL_ID, "FI", kept=False),
    IdRule(NATIONAL_ID, "SE", kept=False),
    IdRule(NATIONAL_ID, ELSEWHERE, kept=True),
    IdRule(PASSPORT, ELSEWHERE, kept=True),
)
"""What holds before head office has decided; every rule that there is, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class IdRules:
    """The rules of a chain."""

    rules: Sequence[IdRule] = DEFAULT

    def keep(self, kind: str, country: str) -> bool:
        """Whether a number of this kind and country is kept."""
        by_document = {rule.document: rule.kept for rule in self.rules}
        return by_document.get((kind, country), by_document.get((kind, ELSEWHERE), False))

    def kinds(self) -> tuple[str, ...]:
        """The kinds of which the chain keeps any number."""
        return tuple(dict.fromkeys(rule.kind for rule in self.rules if rule.kept))


def completed(kept: Iterable[IdRule]) -> IdRules:
    """The rules that were decided, and the default of the others."""
    decided = {rule.document: rule for rule in kept}
    return IdRules(tuple(decided.get(rule.document, rule) for rule in DEFAULT))


def faults(before: IdRules, wanted: Sequence[IdRule]) -> list[FieldError]:
    """What can't be decided: a rule twice or unknown, and a change, or what is off by default, without a reason."""
    known = {rule.document: rule for rule in before.rules}
    off_by_default = {rule.document for rule in DEFAULT if not rule.kept}
    wrong: list[FieldError] = []
    seen: set[Document] = set()
    for place, rule in enumerate(wanted):
        if rule.document not in known or rule.document in seen:
            wrong.append(FieldError(f"rules[{place}].kind", T("Name each kind of document once, with its country.")))
            continue
        seen.add(rule.document)
        changes = rule.kept != known[rule.document].kept
        if not rule.reason and (changes or (rule.kept and rule.document in off_by_default)):
            wrong.append(FieldError(f"rules[{place}].reason", T("Say why: the reason is kept with the decision.")))
        elif len(rule.reason) > LONGEST_REASON:
            text = T("This is longer than %(most)s letters.", most=LONGEST_REASON)
            wrong.append(FieldError(f"rules[{place}].reason", text))
    return wrong
