"""Entitlements with counts: what a membership gives directly, used once each as a line of a sale (M-13)."""
