"""How consistently items measure one thing."""
