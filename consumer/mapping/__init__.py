"""One vendor's words put into the other's: each posting rule in the module that bears its name. Pure."""
