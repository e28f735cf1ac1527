"""Findings in words, figures and pages."""
