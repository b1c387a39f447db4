"""The same baskets and offers priced by others. They live in an environment of their own, `.venv-peers`."""
