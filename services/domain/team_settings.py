"""What holds for a team: its own settings, in place of those of its workspace. Pure."""

from schemas.configuration import TeamSettings, WorkspaceSettings


def overridden(general: WorkspaceSettings, own: TeamSettings) -> WorkspaceSettings:
    """The settings of a workspace with those that a team states in their place."""
    stated = {name: value for name in TeamSettings.model_fields if (value := getattr(own, name)) is not None}
    return general.model_copy(
        update={name: value for name, value in stated.items() if name in type(general).model_fields}
    )
