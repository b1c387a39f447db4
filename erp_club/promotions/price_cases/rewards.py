"""The conditions and rewards of a price case as those of an offer, in the published JSON."""

from decimal import Decimal
from typing import Any

from erp_club.promotions.price_cases.form import Earn, Programme, Reward, Settings

CLUB = "CLUB"
"""The club of the case's points."""
CARDS = "NEW-GIFT-CARD"
"""The account that stands for gift cards to be issued; its points are minor units."""

Document = dict[str, Any]


def scope(products: tuple[str, ...], groups: tuple[str, ...]) -> Document | None:
    """These products and groups; None for nothing named."""
    return {"products": products, "groups": groups} if products or groups else None


def named(programme: Programme) -> Document | None:
    """What the reward is for: its own products and groups, else the condition's, unless it is for the order."""
    reward = programme.reward
    if reward is not None and reward.scope == "order":
        return None
    own = None if reward is None else scope(reward.products, reward.groups)
    return own or scope(programme.condition.products, programme.condition.groups)


def own_scope(programme: Programme) -> bool:
    """Whether the reward is for products or groups, and not for the order."""
    reward = programme.reward
    if reward is not None and reward.type == "free_product":
        return True
    return named(programme) is not None


def condition_of(programme: Programme, settings: Settings) -> list[Document]:
    """What must hold: the amount first, then the quantity."""
    condition = programme.condition
    on = scope(condition.products, condition.groups)
    of: Document = {} if on is None else {"of": on}
    counted = {"of": scope(condition.products_for_qty, ())} if condition.products_for_qty else of
    parts: list[Document] = []
    if condition.min_amount is not None:
        basis = condition.min_amount_basis or settings.amounts_basis
        parts.append({"amount_minor": condition.min_amount, "basis": basis, **of})
    if condition.min_qty:
        parts.append({"quantity": condition.min_qty, **counted})
    if condition.every_qty is not None:
        parts.append({"quantity": condition.every_qty, "every": True, **counted})
    if on is not None and not any("quantity" in part and part.get("of") == on for part in parts):
        parts.append({"quantity": 1, **of})
    return parts


def reward_of(programme: Programme, settings: Settings) -> Document:
    """The reward in the offer's form."""
    reward = programme.reward
    assert reward is not None
    on = named(programme)
    where: Document = {} if on is None else {"on": on}
    match reward.type:
        case "percent_off":
            return _percent(reward, where)
        case "amount_off":
            return _amount(reward, where)
        case "amount_off_per_unit":
            return _per_unit(reward, where, reward.value or 0)
        case "amount_off_first_then":
            return _per_unit(reward, where, reward.additional or 0) | {"first_minor": reward.first or 0}
        case "bundle_price":
            return _bundle(reward, where)
        case "cheapest_free":
            return _cheapest_free(reward, where, settings)
        case _:
            return _beside(reward, where, settings)


def _percent(reward: Reward, where: Document) -> Document:
    """A share off."""
    document: Document = {"kind": "percent", "value_bp": reward.value_bp or 0, **where, **_units(reward)}
    if reward.cap is not None:
        document |= {"cap_minor": reward.cap, "cap_basis": reward.cap_basis}
    return document | _tiers(reward)


def _amount(reward: Reward, where: Document) -> Document:
    """An amount off, once or from each line."""
    spread = "line" if reward.scope == "each_line" else "once"
    document: Document = {"kind": "amount", "value_minor": reward.value or 0, "spread": spread, **where}
    return document | _units(reward) | _tiers(reward)


def _units(reward: Reward) -> Document:
    """So many units, and which of them."""
    cheapest = reward.scope == "cheapest_units"
    if reward.max_units is None and not cheapest:
        return {}
    return {"units": reward.max_units or 1, "pick": reward.pick or "cheapest"}


def _tiers(reward: Reward) -> Document:
    """Values that grow with the quantity."""
    if not reward.tiers_by_qty:
        return {}
    steps = [{"from_quantity": max(1, least), "value": value} for least, value in reward.tiers_by_qty.items()]
    counted = scope(reward.count_products, reward.count_groups)
    return {"steps": steps} | ({} if counted is None else {"count_in": counted})


def _per_unit(reward: Reward, where: Document, value: int) -> Document:
    """An amount off each unit."""
    document: Document = {"kind": "amount", "value_minor": value, "spread": "unit", "group_size": reward.group_size}
    if reward.max_units_per_line is not None:
        document["units_per_line"] = reward.max_units_per_line
    return document | where | _units(reward) | _tiers(reward)


def _bundle(reward: Reward, where: Document) -> Document:
    """So many units at a price."""
    document: Document = {"kind": "bundle", "slots": [{"quantity": reward.qty, **where}]}
    document["price_minor"] = reward.value or 0
    if reward.max_applications is not None:
        document["applications"] = reward.max_applications
    return document | ({} if reward.pick is None else {"pick": reward.pick})


def _cheapest_free(reward: Reward, where: Document, settings: Settings) -> Document:
    """Of so many units some free."""
    each = "each" in settings.free_unit or "per_group" in settings.free_unit
    document: Document = {"kind": "buy_get", "size": reward.per_qty, "free": reward.free, **where}
    document["freed"] = "each" if each else "all"
    if reward.value_bp is not None:
        document["off_bp"] = reward.value_bp
    if reward.max_applications is not None:
        document["applications"] = reward.max_applications
    return document


def _beside(reward: Reward, where: Document, settings: Settings) -> Document:
    """Gifts, coupons, and points as money."""
    if reward.type == "free_product":
        products = reward.choose_from or ((reward.product,) if reward.product else ())
        delivery = "added" if reward.delivery.startswith("added") else "in_basket"
        return {"kind": "gift", "products": products, "quantity": reward.qty, "delivery": delivery}
    if reward.type == "issue_coupon":
        return {"kind": "coupon", "batch": "NEXT", "count": reward.count}
    scale = settings.point_scale
    return {
        "kind": "redeem",
        "club": CLUB,
        "worth_minor": reward.value_per_point,
        "worth_points": scale,
        "block": 1 if reward.block is None else reward.block * scale,
        "least": reward.block_min * scale,
        **where,
    }


def earning_of(programme: Programme, earn: Earn, settings: Settings) -> Document:
    """What it earns, in the scale of the account; for gift cards in minor units."""
    cards = earn.to == "new_gift_card"
    condition = programme.condition
    on = scope(earn.products, earn.groups) or scope(condition.products, condition.groups)
    rate = earn.rate * (100 if cards and earn.per == "money" else 1 if cards else settings.point_scale)
    above, below = Decimal(rate).as_integer_ratio()
    document: Document = {"kind": "points", "club": CARDS if cards else CLUB, "bonus": above, "per": earn.per}
    if earn.per == "money":
        document["per_minor"] = 100 * below
    elif earn.per == "unit":
        document["per_units"] = below
    else:
        document["bonus"] = above // below
    return document | ({} if on is None else {"on": on})
