"""What an admin does, one function each, for the page and the command line alike."""
