"""DIF Presentation Exchange v2: definitions, their evaluation, and submissions that map credentials to them."""
