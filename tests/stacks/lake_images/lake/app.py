from celery import Celery

app = Celery("lake", broker="memory://", include=["lake.tables", "lake.images"])
