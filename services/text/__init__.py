"""What can be understood of a text without asking anyone: pure functions over tables of words."""
