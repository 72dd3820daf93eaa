"""Everything that is shared, kept in the process: the embedded edition and the fakes of tests."""
