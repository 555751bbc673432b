"""The query language: what a statement asks for, what has to be read, and the answer."""
