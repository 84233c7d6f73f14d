from celery import Celery
from flask import Flask


def create_app():
    app = Flask(__name__)
    celery_app = Celery(app.name, broker="memory://")
    celery_app.set_default()
    app.extensions["celery"] = celery_app
    from web.telemetry import instrument
    from web.views import blueprint

    app.register_blueprint(blueprint)
    instrument()
    return app
