"""The kinds of products. Pure."""

from enum import StrEnum


class ProductKind(StrEnum):
    """Goods earn points; what merely passes money on (delivery, gift cards, deposits) never does."""

    GOODS = "goods"
    DELIVERY = "delivery"
    GIFT_CARD = "gift_card"
    DEPOSIT = "deposit"
