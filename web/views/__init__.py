"""View models and how they are put together, where a route file would grow too long."""
