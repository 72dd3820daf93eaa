"""PostgreSQL behind the ports: the only room that knows psycopg."""
