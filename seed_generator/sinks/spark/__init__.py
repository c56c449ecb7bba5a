"""Apache Spark: its own workers make the rows."""
