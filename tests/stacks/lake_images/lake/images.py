import albumentations
from smart_open import open as open_anywhere

from lake.app import app

FLIP = albumentations.HorizontalFlip(p=1)


@app.task
def flip(address):
    with open_anywhere(address, "rb") as stream:
        return len(stream.read()), FLIP
