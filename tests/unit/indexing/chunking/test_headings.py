"""What looks like a heading of Markdown and is none: in comments, in preformatted text, behind open fences."""

from __future__ import annotations

import pytest

from agent_brain_server.indexing.chunking import chunk_text

BODY = "Some words that make a section.\n" * 40


def headings(text: str) -> list[str]:
    return [chunk.symbol for chunk in chunk_text("a.md", "markdown", text).chunks if chunk.kind == "section"]


@pytest.mark.parametrize(
    "hidden",
    [
        "<!-- # x -->\n",
        "<!--\n# x\n\n# y\n-->\n",
        "<!-- begins\n# x\nends --> behind\n",
        "<pre>\n# x\n</pre>\n",
        '<pre class="shell">\n# x\n\n# y\n</PRE>\n',
        "<script>\n# x\n</script>\n",
        "```sh\n# x\n```\n",
        "- item\n\n    ```sh\n    # x\n    ```\n",
        "1. item\n\n   ```sh\n# x\n   ```\n",
    ],
)
def test_no_heading_is_in_a_comment_or_in_preformatted_text(hidden: str) -> None:
    assert headings(f"# One\n\n{BODY}\n{hidden}\n# Two\n\n{BODY}") == ["One", "Two"]


@pytest.mark.parametrize(
    "open_",
    ["    ```\n    code\n", "\t~~~\n", "- item\n\n    ```sh\n    code\n", "<preface> is no tag\n", "<!DOCTYPE html>\n"],
)
def test_what_is_left_open_in_an_indented_block_ends_with_it(open_: str) -> None:
    assert headings(f"# One\n\n{BODY}\n{open_}\n# Two\n\n{BODY}\n## Three\n\n{BODY}") == ["One", "Two", "Two > Three"]
