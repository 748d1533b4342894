"""The web pages, the HTTP API and calendars, asked by HTTP and in a real browser."""
