"""The tests of the house; see docs/decisions and CONTRIBUTING.md for how they are laid out."""
