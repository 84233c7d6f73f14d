"""The project on disk: files, modules, requirements, the target environment, Celery apps."""
