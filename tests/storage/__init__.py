"""Storage on every supported database."""
