"""Takes messages off the queues and brings the two ledgers in line, one record at a time."""
