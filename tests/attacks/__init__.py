"""Documents of liars, by the thousand, and verifiers that must not believe one of them."""
