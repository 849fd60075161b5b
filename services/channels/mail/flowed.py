"""Text in `format=flowed` (RFC 3676): lines that end with a space go on in the next."""


def unflow(text: str, *, delete_space: bool = False) -> str:
    """The text with its paragraphs on one line each; `delete_space` is the parameter `delsp=yes`."""
    lines: list[str] = []
    depth_before, is_open = 0, False
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        is_signature = content == "-- "
        if is_open and depth == depth_before and not is_signature:
            lines[-1] += content
        else:
            lines.append(f"{'>' * depth} {content}" if depth else content)
        is_open = content.endswith(" ") and not is_signature
        if is_open and delete_space:
            lines[-1] = lines[-1][:-1]
        depth_before = depth
    return "\n".join(lines)
