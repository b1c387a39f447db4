"""Why a balance was converted. Pure."""

from enum import StrEnum


class ConversionCause(StrEnum):
    """Why points were converted: other rules began, or the membership lapsed or was ended."""

    SWITCH = "switch"
    LAPSE = "lapse"
    END = "end"
