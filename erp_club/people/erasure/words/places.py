"""Where words about a person can stand, and what an erasure does with each; which columns hold none, and why. Pure.

A column that comes later must be told here before it can be kept: a test of the house compares this with all tables.
"""

from collections.abc import Mapping
from enum import StrEnum


class How(StrEnum):
    """What is done where a column names the person."""

    WORDS = "words"
    """Somebody typed it: the person's names and numbers become a dash."""
    DOCUMENT = "document"
    """What a machine or the product wrote down: each text in it that names the person, codes of the customer's too."""
    TERMS = "terms"
    """Rules of the chain: what people read in it; codes, and what goods are called, are found by it and stay."""
    NAME = "name"
    """Somebody typed it, and rules find something by it: they go along with its change."""
    CODE = "code"
    """What is named: it goes along with a name that was changed; what is no code loses a spelt-out name."""
    LEDGER = "ledger"
    """A movement's reason: what it was stays proven (`kernel.emptied`)."""
    TRACE = "trace"
    """What the change log tells: what it was stays proven (`kernel.emptied`)."""
    ROW = "row"
    """The whole row is gone: without the person it says nothing."""
    ANSWER = "answer"
    """An answer that is kept for its repeat: it is told no more."""


SWEPT: Mapping[str, How] = {
    "audit_entries.before": How.TRACE,
    "audit_entries.after": How.TRACE,
    "audit_values.before": How.TRACE,
    "audit_values.after": How.TRACE,
    "birthday_plans.names": How.TERMS,
    "chain.pricing": How.TERMS,
    "classification_fields.labels": How.TERMS,
    "classification_fields.choices": How.TERMS,
    "club_rules.document": How.TERMS,
    "clubs.names": How.TERMS,
    "clubs.unit": How.TERMS,
    "coupon_batches.names": How.TERMS,
    "customer_classifications.value": How.WORDS,
    "customer_form_fields.help": How.TERMS,
    "customer_relatives.name": How.ROW,
    "customers.street": How.WORDS,
    "event_gains.once_key": How.NAME,
    "exports.headers": How.ROW,
    "exports.path": How.ROW,
    "exports.query": How.ROW,
    "export_parts.content": How.ROW,
    "forecast_runs.documents": How.TERMS,
    "forecast_runs.outcome": How.TERMS,
    "id_number_rules.reason": How.WORDS,
    "idempotency_keys.answer": How.ANSWER,
    "idempotency_keys.headers": How.ANSWER,
    "job_log.values": How.DOCUMENT,
    "job_runs.cursor": How.DOCUMENT,
    "job_runs.parameters": How.DOCUMENT,
    "level_changes.reason": How.WORDS,
    "level_overrides.reason": How.WORDS,
    "membership_events.reason": How.WORDS,
    "offer_versions.document": How.TERMS,
    "points_movements.reason": How.LEDGER,
    "points_programmes.name": How.WORDS,
    "price_list_upload_rows.facts": How.DOCUMENT,
    "price_list_upload_rows.column": How.CODE,
    "price_list_upload_rows.group": How.CODE,
    "price_list_upload_rows.list_code": How.CODE,
    "price_list_upload_rows.sku": How.CODE,
    "price_list_upload_rows.store": How.CODE,
    "price_list_upload_rows.value": How.WORDS,
    "price_list_uploads.content": How.ROW,
    "price_list_uploads.file_name": How.WORDS,
    "price_list_uploads.warnings": How.DOCUMENT,
    "price_lists.names": How.TERMS,
    "price_lists.segment": How.CODE,
    "programme_events.subject": How.WORDS,
    "programme_versions.document": How.TERMS,
    "quotes.answer": How.DOCUMENT,
    "quotes.request": How.DOCUMENT,
    "receipt_returns.reason": How.WORDS,
    "retention_rules.reason": How.WORDS,
    "roles.name": How.WORDS,
    "saved_views.name": How.ROW,
    "saved_views.query": How.ROW,
    "segment_versions.condition": How.DOCUMENT,
    "segments.name": How.NAME,
    "segments.notes": How.WORDS,
    "stored_value_movements.reason": How.LEDGER,
    "stored_value_products.names": How.TERMS,
    "terminals.name": How.WORDS,
    "upload_conflicts.document": How.DOCUMENT,
    "upload_conflicts.facts": How.DOCUMENT,
    "what_if_runs.document": How.TERMS,
    "what_if_runs.outcome": How.TERMS,
}
"""Of every customer and of none: wherever somebody may have typed who another person is."""

PERSONLESS: Mapping[str, str] = {
    "a person's own record, which an erasure empties by whose it is; another's stays that one's own": """
        customers.number customers.given_name customers.family_name customers.given_name_2 customers.family_name_2
        customers.id_sealed customers.id_ending customers.phone customers.mobile customers.email customers.postcode
        customers.city customers.own_id cards.number customer_merges.moved customer_merges.fields name_words.word
        name_words.surface name_words.sounds suspected_pairs.same
        points_programmes.numbers
    """,
    "staff, and what they sign in with: employees, by the employer's right": """
        staff.username staff.name staff.password_hash staff.pin_hash second_factors.sealed second_factors.new_sealed
        staff_sessions.address staff_sessions.agent lockouts.address lockouts.scope wrong_tries.scope
        audit_entries.actor job_runs.actor price_list_uploads.actor price_list_uploads.applied_by
        price_list_uploads.undone_by customer_merges.by customer_merges.undone_by household_invitations.by
        household_invitations.answered_by household_places.by household_places.left_by
    """,
    "what goods and shops are called, by their makers and at their doors": """
        brands.name departments.name product_groups.name products.name products.sku stores.code stores.name stores.city
        chain.name customer_habits.favourite_group customer_habits.favourite_department customer_habits.favourite_brand
        customer_habits.favourite_product customer_habits.favourite_store receipt_payments.called
    """,
    "codes of the chain's own things, which rules and sealed receipts name: each stays there as it does here": """
        birthday_plans.code classification_fields.name clubs.code coupon_batches.code coupon_batches.prefix offers.code
        customer_classifications.name customer_form_fields.field price_lists.code price_lists.level
        stored_value_products.code entitlement_uses.code reward_entitlements.entitlement birthday_plans.levels
        level_changes.level level_changes.level_before level_overrides.level membership_fees.level
        membership_levels.level membership_levels.next_level points_conversions.to_club receipt_lines.price_list
        period_settlements.rule event_gains.rule programme_events.event
    """,
    "hashes of what a till sent as its key, whatever it made that of": "idempotency_keys.key",
    "what was kept of a row, which goes along with the row that it was said of": "kept_rows.said",
    "numbers that lead to nobody, made by a till, a shop or a machine, or at random": """
        receipts.receipt_no receipt_numbers.receipt_no upload_conflicts.receipt_no quotes.sale_id
        coupon_reservations.sale_id coupon_reservations.slot coupon_codes.code coupons.code coupon_seals.code
        receipt_offers.coupon baskets.coupons baskets.claims baskets.confirmed baskets.sold_cards
        stored_value_cards.number stored_value_numbers.number stored_value_cards.pin_hash
        idempotency_keys.scope audit_entries.request_id audit_values.salt
        coupon_wrong_codes.scope stored_value_wrong_entries.scope emptied_movements.digest emptied_entries.digest
        emptied_kept.digest
        keyring_keys.fingerprint price_list_uploads.digest job_runs.key job_runs.holder
    """,
    "words of the product's own: kinds, states, actions, causes, languages, names of columns": """
        approvals.action approvals.about audit_entries.action audit_entries.entity audit_entries.entity_id
        birthday_plans.rule birthday_plans.relatives chain.time_zone clubs.term_kind clubs.tone
        consent_changes.purpose consent_changes.source day_uses.action emptied_kept.of_table emptied_movements.ledger
        exports.language
        favourite_periods.kind favourite_periods.step id_number_rules.country job_log.text job_runs.name
        kept_row_seals.of_table kept_rows.of_table known_actions.action period_settlements.form period_settlements.why
        points_account_standing.state points_lot_terms.waits_for points_lots.waits_for points_movements.kind
        price_list_upload_rows.msgid price_list_uploads.encoding receipts.source retention_rules.kind role_grants.action
        saved_views.page slice_buyers.slice slice_days.slice stored_value_products.currency stores.time_zone
        upload_conflicts.cause
    """,
    "days and counts": """
        membership_events.before membership_events.after job_runs.counts job_run_approvals.counts
        price_list_uploads.counts period_settlements.promised
    """,
    "what members agreed to, word by word: proof in a court": "consent_wordings.texts",
}
"""Columns of texts and documents that hold no words about a person, by the reason for it."""
