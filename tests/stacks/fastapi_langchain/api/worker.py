import sentry_sdk
from celery import Celery

from api.chains import summary

sentry_sdk.init(dsn="http://key@sentry.invalid/1")
celery = Celery("api", broker="memory://")


@celery.task
def summarise(text):
    return summary(text)
