"""Tables, from files or memory, as parsed columns and numeric features."""
