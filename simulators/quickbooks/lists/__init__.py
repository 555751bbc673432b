"""What documents refer to, entity by entity: people, accounts, items, currencies; and the settings."""
