"""The people's side by HTTP: web pages, the API under /api/v1, calendars.

Everything here reads the store's views and sends messages by name. Pages are made on the server, work without scripts
and without a network, and show nothing of a site unescaped. `access` says who may read and act, `bounds` what is taken
and given at most; `app` puts it together.
"""
