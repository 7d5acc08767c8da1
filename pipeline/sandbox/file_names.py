"""What the files are called that a job leaves in its scratch folder."""

DOCUMENT, SHELL, RESULT = "document.json", "shell.json", "result"


def part_name(place: int) -> str:
    """The file of a range's document, counting from 0."""
    return f"{place}.json"
