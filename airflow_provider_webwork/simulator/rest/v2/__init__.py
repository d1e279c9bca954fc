"""API v2, one file a section or two, as https://api-docs.webwork-tracker.com prints it."""
