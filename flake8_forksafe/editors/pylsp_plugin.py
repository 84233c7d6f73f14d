"""The plugin of python-lsp-server: code actions for the findings, which its flake8 plugin shows.

The entry point of the group ``pylsp``; python-lsp-server imports it when it starts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pylsp import hookimpl

from flake8_forksafe.editors.code_actions import Buffer, CodeActions, Json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pylsp.workspace import Document, Workspace


class Plugin:
    """What python-lsp-server calls.  There is one for all workspaces of a server."""

    def __init__(self) -> None:
        self.actions = CodeActions()

    @hookimpl
    def pylsp_settings(self) -> Json:
        """The default: enabled."""
        return {"plugins": {"forksafe": {"enabled": True}}}

    @hookimpl
    def pylsp_code_actions(self, workspace: Workspace, document: Document, context: Mapping[str, Any]) -> list[Json]:
        """The repairs of the findings that a request is about."""

        def open_text(path: str) -> Buffer | None:
            known = (one for one in workspace.documents.values() if getattr(one, "path", None) == path)
            return next(map(_buffer, known), None)

        return self.actions.offered(_buffer(document), workspace.root_path, context, open_text)

    @hookimpl
    def pylsp_shutdown(self) -> None:
        """End what is computed."""
        self.actions.stop()


def _buffer(document: Document) -> Buffer:
    return Buffer(document.path, document.source, document.uri, document.version)


PLUGIN = Plugin()
