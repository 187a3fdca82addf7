"""Commands that keep the book: run its notebooks, here and elsewhere, and fill their shown code."""
