"""The command line: connect, look, sync one record, and start the product."""
