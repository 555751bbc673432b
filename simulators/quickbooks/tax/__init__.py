"""Sales tax: by group code or automated in the US, by the code of each line elsewhere."""
