"""Changes of points by hand."""
