"""Head office's own fields of a customer."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.customers.classes.rules import ClassKind
from erp_club.kernel.db import Base


class ClassificationField(Base):
    """A field, its type, and its choices in their order: `[{"code": …, "labels": {language: …}}]`."""

    __tablename__ = "classification_fields"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('text', 'number', 'date', 'choice', 'choices')", name="kind_known"),
        sa.CheckConstraint("(kind IN ('choice', 'choices')) = (choices <> '[]')", name="choices_with_kind"),
    )

    name: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[ClassKind] = mapped_column(sa.Text)
    labels: Mapped[dict[str, str]]
    choices: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
