"""Answers drawn from a known truth."""
