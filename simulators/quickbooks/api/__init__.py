"""The accounting API over HTTP: one record, files, batches, change data capture, replays and limits."""
