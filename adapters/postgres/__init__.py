"""Storage in PostgreSQL: SQLAlchemy Core on psycopg 3, schema by Alembic."""
