import io

import boto3
from openpyxl import load_workbook


def rows(key):
    body = boto3.client("s3").get_object(Bucket="sheets", Key=key)["Body"]
    return list(load_workbook(io.BytesIO(body.read())).active.values)
