"""The web process: takes the two senders' webhooks, queues ids, and shows a page."""
