"""Sales on hold that nobody took up again: what they keep of memberships is freed."""
