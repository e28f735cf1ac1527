"""Whether something done in some areas moved what their residents say."""
