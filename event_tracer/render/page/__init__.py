"""Stories as one page for a browser, in a file or from a run; it asks nobody else for anything."""
