"""The migrations: how the database came to its shape."""
