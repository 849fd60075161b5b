"""Text in `format=flowed` (RFC 3676): lines that end with a space go on in the next."""


def unflow(text: str, *, delete_space: bool = False) -> str:
    """The text with its paragraphs on one line each; `delete_space` is the parameter `delsp=yes`."""
    lines: list[list[str]] = []
    depth_before, is_open = 0, False
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        is_signature = content == "-- "
        goes_on = content.endswith(" ") and not is_signature
        shown = content[:-1] if goes_on and delete_space else content
        if is_open and depth == depth_before and not is_signature:
            lines[-1].append(shown)
        else:
            lines.append([f"{'>' * depth} ", shown] if depth else [shown])
        depth_before, is_open = depth, goes_on
    return "\n".join(map("".join, lines))
