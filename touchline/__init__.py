"""The command line and the demo: where the producer, the consumers and the contract are put together."""
