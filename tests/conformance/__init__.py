"""What both brokers must do alike. A row that only one of them can have says why."""
