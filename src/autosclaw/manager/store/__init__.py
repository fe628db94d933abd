"""The only importer of SQLAlchemy: tables, migrations, the writer, and a store per noun.

Stores are functions over a connection; they never commit (services open transactions).
"""
