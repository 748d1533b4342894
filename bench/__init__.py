"""The budgets, measured: each as a ratio to a yardstick of the same run, on servers of its own. `make bench`."""
