"""Languages: the catalogs of texts, and how dates and counts are said in each. Imports nothing of the other rooms."""
