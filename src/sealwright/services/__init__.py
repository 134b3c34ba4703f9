"""What is done: one module per use case."""
