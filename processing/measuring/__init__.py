"""What is published of areas: weighted means with honest uncertainty, and no cell too small."""
