"""The database: models, sessions, migrations, and one module of query functions for each table."""
