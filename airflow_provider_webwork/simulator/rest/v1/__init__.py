"""API v1, as https://www.webwork-tracker.com/rest-api/doc prints it."""
