"""The web page for a person to look at."""
