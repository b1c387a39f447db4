"""The keys of the till's actions. Never F5, F6, F11, F12 or Shift+F10: the browser needs them."""

from typing import Final

KEYS: Final = {
    "offers": "F1",
    "find": "F2",
    "newcomer": "F3",
    "points": "F4",
    "coupon": "F7",
    "hold": "F8",
    "receipt": "F9",
    "pay": "F10",
    "help": "Shift+F1",
    "member": "Shift+F2",
    "event": "Shift+F3",
    "balance": "Shift+F4",
    "returned": "Shift+F9",
}
"""By what the key does. Beside its neighbour: a receipt is F9, a return of one Shift+F9."""
