"""Images that the Dockerfiles of a repository make, found by what a manifest says of a container."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator

from flake8_forksafe.deployment.dockerfile import Image, choose_image, guess_context, read_images
from flake8_forksafe.deployment.files import Files


class BuiltImages:
    """The images of some Dockerfiles, read when one is asked for."""

    def __init__(self, paths: Iterable[str], files: Files) -> None:
        self.paths = tuple(paths)
        self.files = files
        self._images: dict[str, Image] | None = None

    def of_container(self, name: str, directory: str) -> Image | None:
        """The only image that a container may run: one that is named like its Dockerfile or the directory of that, else
        one that holds the directory which the container is in.

        :param name: the image's name, with registry and tag.
        :param directory: the container's ``workingDir``; empty if it has none.
        """
        images = self._images = dict(self._read()) if self._images is None else self._images
        last = re.split(r"[:@]", name.rpartition("/")[2])[0]
        named = [image for path, image in images.items() if last and last in _names(path)]
        if len(named) == 1:
            return named[0]
        holding = {place: image for image in named or images.values() for place in self._places(image, directory)}
        return next(iter(holding.values())) if len(holding) == 1 else None

    def _read(self) -> Iterator[tuple[str, Image]]:
        for path in self.paths:
            text = self.files.text(path)
            context = guess_context(text, path, self.files) if text is not None else ""
            image = choose_image(read_images(text, path, context, self.files), None) if text is not None else None
            if image is not None:
                yield path, image

    def _places(self, image: Image, directory: str) -> list[str]:
        """Where in the repository a directory of an image lies."""
        places = image.view(self.files).paths(directory) if directory else []
        return [place for place in places if self.files.disk.is_directory(place)][:1]


def _names(path: str) -> set[str]:
    """What the image of a Dockerfile may be called: ``api`` of ``api/Dockerfile``, ``Dockerfile.api``."""
    parts = {part for part in os.path.basename(path).split(".") if part.lower() not in ("dockerfile", "containerfile")}
    return parts or {os.path.basename(os.path.dirname(path))}
