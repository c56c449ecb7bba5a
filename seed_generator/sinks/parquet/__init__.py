"""A folder of Parquet files: the new one is written beside the old one and takes its place."""
