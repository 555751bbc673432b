"""What every write goes through: the form of a body, its version, its references."""
