"""Tables, in files and in memory, as columns and features of numbers."""
