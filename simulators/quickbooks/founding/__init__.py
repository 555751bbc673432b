"""What a company begins with: the lists of a new one, a sample, or many documents for load tests."""
