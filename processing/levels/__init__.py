"""People and their areas."""
