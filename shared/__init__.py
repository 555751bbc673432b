"""What both processes need: configuration, messages, the database, the queues and the two vendors' clients."""
