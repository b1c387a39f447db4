"""The only HTTP of ERP Club, and its console script."""
