"""A folder of CSV files."""
