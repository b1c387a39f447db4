"""Memberships that wait for their payment, and begin with it."""
