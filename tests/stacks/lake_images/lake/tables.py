import awswrangler
from pyiceberg.catalog import load_catalog

from lake.app import app


@app.task
def copy(name, path):
    rows = load_catalog("default").load_table(name).scan().to_pandas()
    awswrangler.s3.to_parquet(rows, path)
