"""Hostile values in every field of every route: nothing comes alive, nothing fails."""
