"""Letters, files for text messages and print houses, e-mails: who is written to, and in which words."""
