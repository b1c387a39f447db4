"""What head office has decided of the forms of new customers."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.customers.forms.rules import Place
from erp_club.kernel.db import Base


class CustomerFormField(Base):
    """A field of the form of a place, at its position. A place without rows has the default form."""

    __tablename__ = "customer_form_fields"
    __table_args__ = (
        sa.CheckConstraint("place IN ('till', 'office', 'self')", name="place_known"),
        sa.CheckConstraint("shown OR NOT required", name="required_is_shown"),
        sa.UniqueConstraint("place", "position", deferrable=True, initially="DEFERRED"),
    )

    place: Mapped[Place] = mapped_column(sa.Text, primary_key=True)
    field: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(sa.Integer)
    shown: Mapped[bool]
    required: Mapped[bool]
    help: Mapped[dict[str, str]]
