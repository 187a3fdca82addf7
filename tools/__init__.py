"""Commands that keep the book: execute its notebooks, fill their shown code, carry its address."""
