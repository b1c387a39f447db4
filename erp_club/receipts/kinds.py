"""Where a receipt is from, by what it was paid, and the kinds of returns. Pure."""

from enum import StrEnum


class ReceiptSource(StrEnum):
    """Which way a receipt came in."""

    TILL = "till"
    IMPORT = "import"


class Means(StrEnum):
    """Means of payment, by how the money is handled. What a chain calls otherwise is handled as a bank card is."""

    CASH = "cash"
    CARD = "card"
    STORED_VALUE = "stored_value"


class ReturnKind(StrEnum):
    """Why a receipt gives money back."""

    RETURN = "return"
    CANCELLATION = "cancellation"
    """The whole sale, on its day, in its store."""
    WITHOUT_RECEIPT = "without_receipt"
