"""Jets in Parquet files of anybody: what columns mean is told by their names and by how deep their lists are."""
