"""Correlations, and the factors behind them."""
