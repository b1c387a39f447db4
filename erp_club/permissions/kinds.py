"""What signing in may leave to do. Pure."""

from enum import StrEnum


class Due(StrEnum):
    """What is left to do after the right password: enter a code, or set up the second factor that the role asks for."""

    CODE = "code"
    FACTOR = "factor"
