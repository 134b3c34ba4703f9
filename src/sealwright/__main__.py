"""``python -m sealwright`` is the command line."""

from sealwright.cli import main

if __name__ == "__main__":
    main()
