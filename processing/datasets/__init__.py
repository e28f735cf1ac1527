"""The frozen dataset: its folder, its codebook, its seal."""
