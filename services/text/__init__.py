"""Text analysis and redaction: pure functions over tables of words, without IO and without a model."""
