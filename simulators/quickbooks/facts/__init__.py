"""Tables that hold for every company: kinds of accounts, countries, currencies, localities. Pure."""
