"""What lies on disk: files, modules, the target environment, Celery apps, deployment files."""
