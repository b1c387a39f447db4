"""Writing the days of memberships."""
