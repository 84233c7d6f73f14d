from flask import Blueprint, request

from web import tasks

blueprint = Blueprint("web", __name__)


@blueprint.post("/sheets")
def add():
    return tasks.read.delay(request.form["key"]).id
