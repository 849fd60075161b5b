"""`If-Match` and `ETag` (RFC 9110, sections 13.1.1 and 8.8.3) of resources with version numbers."""


def etag(version: int) -> str:
    """The ETag of a version."""
    return f'"{version}"'


def holds(if_match: str | None, version: int | None) -> bool:
    """Whether the condition holds for a resource at this version; version None: the resource does not exist.

    No header, or an empty one, is no condition. `*` asks for any version, a list for one of its tags. `If-Match`
    compares strongly, so that a weak tag never matches.
    """
    tags = {tag.strip() for tag in (if_match or "").split(",")} - {""}
    return not tags or (version is not None and bool(tags & {"*", etag(version)}))
