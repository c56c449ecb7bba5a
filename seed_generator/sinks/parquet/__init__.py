"""A folder of Parquet files."""
