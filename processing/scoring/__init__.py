"""Scores, for persons and for analyses of areas."""
