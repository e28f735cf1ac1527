"""Item responses as a function of the trait."""
