"""Higher levels that members buy, as lines of sales."""
