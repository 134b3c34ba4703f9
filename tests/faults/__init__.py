"""Things broken on purpose, and what has to hold afterwards."""
