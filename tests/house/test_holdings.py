# REQ C-08 C-10: no table or field of a customer is forgotten by a merge or by an erasure
from typing import get_args

import sqlalchemy as sa

from erp_club.customers.models import Customer
from erp_club.imports.kinds import CUSTOMERS
from erp_club.people.erasure.commands import EMPTY
from erp_club.people.holdings import HOLDINGS, Merged
from erp_club.people.merging.fields import FIELDS, columns_of
from erp_club.reports.customers import FILE_COLUMNS
from erp_club.tables import metadata
from web.routes.merges import Taken

NAMES = {"customer_id", "member_id", "holder_id", "relative_id", "survivor_id", "merged_id", "low_id"}
STAYS = {"id", "number", "merged_into", "opened_at", "changed_at"}
"""What tells of a customer's row, but of no person."""
CONSENTS = {"consent_advertising", "consent_sms", "consent_email", "consent_post"}
"""Joined by a rule of their own, not taken from the one or the other."""


def of_a_customer(table: sa.Table) -> bool:
    keys = any(key.column.table.name == "customers" for column in table.c for key in column.foreign_keys)
    return keys or any(each.name in NAMES or each.name.endswith("_customer_id") for each in table.c)


def test_each_table_with_a_customer_says_what_merging_and_erasing_do_with_it():
    assert {table.name for table in metadata.tables.values() if of_a_customer(table)} <= set(HOLDINGS)


def test_each_field_of_a_customer_is_merged_erased_imported_and_taken_out():
    columns = {column.name for column in Customer.__table__.columns}
    assert columns == EMPTY.keys() | STAYS
    assert columns == {column for field in FIELDS for column in columns_of(field)} | CONSENTS | STAYS | {"state"}
    assert get_args(Taken) == FIELDS
    in_files = {*FIELDS, *CONSENTS, "number", "id_kind", "id_country", "card"}
    assert {column.name for column in CUSTOMERS.columns} == in_files == set(FILE_COLUMNS)


def test_what_follows_a_membership_or_a_coupon_does_so_by_its_key():
    for name in HOLDINGS.keys() & metadata.tables.keys():
        holding = HOLDINGS[name]
        followed = [
            key
            for key in metadata.tables[name].foreign_key_constraints
            if key.onupdate == "CASCADE" and "customer_id" in key.column_keys
        ]
        assert (holding.merged is not Merged.FOLLOWS) or followed, name
