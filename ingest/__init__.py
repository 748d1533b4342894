"""The producer: sources read sites, a run cuts what they saw into batches and publishes them by actor name.

Imports the contract. Never imports the actors, never opens the database.
"""
