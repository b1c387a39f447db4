"""The products by which fees are sold."""
