"""Scanned sheets: opened, found, straightened, read, and kept until their day comes."""
