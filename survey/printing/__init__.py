"""Paper sheets from the definition that the phone asks: words, typesetting, print runs."""
