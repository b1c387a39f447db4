"""The dictionary of the words that names are made of, and which of them a customer has."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base


class NameWord(Base):
    """A word of somebody's name, with what it is found and compared by; once for all customers, as a rule.

    It isn't unique: who opens a customer would wait for an import that has the same new word (`commands.join_doubles`).

    `sounds` are numbers of `sounds.SOUNDS`, a byte each, as `version` of the tables gave them. `bearers` is how many
    customers had the word when it was counted last; new customers don't count, else they would wait for each other.
    """

    __tablename__ = "name_words"
    __table_args__ = (
        sa.Index("ix_name_words_word", "word"),
        sa.Index("ix_name_words_surface", "surface", "bearers"),
        # Without a list of pending entries, which every search would have to read through.
        sa.Index("ix_name_words_keys", "keys", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
    )

    id: Mapped[int] = mapped_column(sa.Integer, sa.Identity(), primary_key=True)
    word: Mapped[str] = mapped_column(sa.Text(collation="C"))
    surface: Mapped[str] = mapped_column(sa.Text(collation="C"))
    sounds: Mapped[bytes]
    keys: Mapped[list[int]] = mapped_column(ARRAY(sa.Integer))
    bearers: Mapped[int] = mapped_column(sa.Integer, server_default="1")
    version: Mapped[int] = mapped_column(sa.SmallInteger)


class CustomerWords(Base):
    """The words of a customer's names. `version` says by which rules the names were taken apart."""

    __tablename__ = "customer_name_words"
    __table_args__ = (
        sa.Index(
            "ix_customer_name_words_words", "words", postgresql_using="gin", postgresql_with={"fastupdate": "off"}
        ),
    )

    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True)
    words: Mapped[list[int]] = mapped_column(ARRAY(sa.Integer))
    version: Mapped[int] = mapped_column(sa.SmallInteger)
