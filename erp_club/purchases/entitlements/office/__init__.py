"""What head office sees of entitlements: what is given to how many, and every use."""
