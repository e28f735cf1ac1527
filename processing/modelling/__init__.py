"""Factor models that are stated beforehand, fitted, tested and compared over groups."""
