"""How a repository starts its Celery workers: one reader for each format, one model of what a command runs."""
