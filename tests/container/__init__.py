"""Images, compose.yaml and what starts it. No engine is needed: what wants one is `make images-check`."""
