"""Find what a Celery worker's MainProcess runs before it forks its pool."""

__version__ = "0.1.0"
