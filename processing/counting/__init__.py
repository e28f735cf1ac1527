"""Sums over the rows, from which the statistics are read."""
