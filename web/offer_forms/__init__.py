"""The form of an offer: typed values and documents, what each kind asks, and what its buttons do."""
