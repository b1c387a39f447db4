"""Terms of memberships that slide: each purchase moves their end."""
