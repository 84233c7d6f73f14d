from celery import shared_task

from web.sheets import rows


@shared_task
def read(key):
    import pandas

    return len(pandas.DataFrame(rows(key)))
