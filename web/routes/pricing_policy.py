"""What the chain has settled once for the price of all sales."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from erp_club.catalogue.weighed import is_pattern
from erp_club.kernel.money import Rounding
from erp_club.organisation.commands import set_pricing
from erp_club.organisation.queries import pricing_policy
from erp_club.permissions.catalog import Permission
from erp_club.promotions.engine.facts import PRODUCT_POLICY, EarnBase, StackBase, TaxOfDiscount, ThresholdCounts
from erp_club.promotions.engine.scope import Basis
from web.deps import Act, ActRoute, needs
from web.fields import Body
from web.forms import FormState
from web.refusals import again

router = APIRouter(route_class=ActRoute, tags=["pricing policy"])
Edit = Annotated[Act, needs(Permission.PRICING_EDIT)]


class PricingPolicy(BaseModel):
    """The chain's policies of pricing, as the engine names them."""

    threshold_counts: ThresholdCounts
    stack_base: StackBase
    amounts_basis: Basis
    tax_of_discount: TaxOfDiscount
    rounding: Rounding
    earn_base: EarnBase
    points_rounding: Rounding
    points_of_this_sale_usable: bool
    weighed_codes: list[str]


def _words(typed: object) -> object:
    """A form sends one text, and a cleared one is none."""
    return [] if typed is None else typed.replace(",", " ").split() if isinstance(typed, str) else typed


def _patterns(texts: list[str]) -> list[str]:
    if not all(map(is_pattern, texts)):
        raise PydanticCustomError("string_pattern_mismatch", "no pattern of a scale's bar code")
    return texts


WeighedCodes = Annotated[
    list[Annotated[str, Field(max_length=20)]],
    AfterValidator(_patterns),
    Field(
        max_length=20,
        examples=[["23IIIIIIW.WWWC"]],
        description="Bar codes that scales print, digit by digit: digits and `?` as they are, `I` the item, `W` its "
        "weight in kilograms or `P` its price with a point before the decimals, `C` the check digit",
    ),
]


class PolicyChange(Body):
    """What to change; what isn't there stays as it is."""

    threshold_counts: ThresholdCounts | None = None
    stack_base: StackBase | None = None
    amounts_basis: Basis | None = None
    tax_of_discount: TaxOfDiscount | None = None
    rounding: Rounding | None = None
    earn_base: EarnBase | None = None
    points_rounding: Rounding | None = None
    points_of_this_sale_usable: bool | None = None
    weighed_codes: Annotated[WeighedCodes | None, BeforeValidator(_words)] = None


def policy_page(act: Act, form: FormState) -> Response:
    """The form with the policies as they are, or as they were typed."""
    return act.answer(_view(act), "pricing_policy/form.html", form=form)


@router.get("/pricing-policy", name="pricing_policy", response_model=PricingPolicy)
def policy(act: Edit) -> Response:
    """How prices, discounts and points are worked out in all stores."""
    return policy_page(act, FormState())


@router.patch("/pricing-policy", name="pricing_policy.edit", response_model=PricingPolicy)
@again(policy_page)
def edit_policy(act: Edit, body: PolicyChange) -> Response:
    """Change policies; the next basket that is priced goes by them, and what was sold stays."""
    held = pricing_policy(act.session)
    usual = asdict(PRODUCT_POLICY)
    wanted = {**held, **body.model_dump(mode="json", exclude_none=True)}
    kept = {name: value for name, value in wanted.items() if value not in (usual[name], [])}
    set_pricing(act.session, kept, now=act.now, by=act.by)
    return act.done(_view(act), "/pricing-policy", status=200)


def _view(act: Act) -> PricingPolicy:
    held = {**asdict(PRODUCT_POLICY), **pricing_policy(act.session)}
    return PricingPolicy(**{name: held[name] for name in PricingPolicy.model_fields})
