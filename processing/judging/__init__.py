"""Whether a scale may be used, and what a shorter one would lose."""
