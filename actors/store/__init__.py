"""The only place that speaks SQL: one transaction a message, set-based statements in `.sql` files."""
