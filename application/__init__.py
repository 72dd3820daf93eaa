"""The use cases: one per file, a frozen request in, a result out."""
