"""`python -m invoiced_quickbooks`: the same as the command `invoiced-quickbooks`."""

from invoiced_quickbooks.cli import main

if __name__ == "__main__":
    main()
