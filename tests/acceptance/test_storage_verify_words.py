"""`agent-brain storage verify` after a copy: both sides are asked for so many passages that both weigh words alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cli import cli_project

# Of a question's two words, the commoner one only counts where the rarer one finds enough: for ten passages it does.
RARE, COMMON, OTHERS = 210, 240, 350
NAMED = 20  # so many files have the word as the name of what they define


def sources() -> dict[str, str]:
    """Files that have only the rare word come first if the common one only counts, those with both if it finds too."""
    texts = [f"def harbor_{number}(value):\n    return value * 2\n" for number in range(NAMED)]
    texts += [f"def lantern_{number}(value):\n    return value * harbor\n" for number in range(NAMED)]
    texts += [f"def first_{number}(value):\n    return value * harbor\n" for number in range(RARE - 2 * NAMED)]
    texts += [f"def second_{number}(value):\n    return value * lantern\n" for number in range(COMMON - NAMED)]
    texts += [f"def third_{number}(value):\n    return value * 2\n" for number in range(OTHERS)]
    return {f"d{number % 20:02}/m{number}.py": text for number, text in enumerate(texts)}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_equal_indexes_answer_alike_to_any_words_of_a_question(tmp_path: Path, postgres_url: str) -> None:
    with cli_project(tmp_path / "project") as project:
        project.write(sources())
        project.set_up()
        project.ok("index", "--wait")
        project.ok("stop")
        questions = tmp_path / "questions"
        questions.write_text("harbor lantern\n")
        other = {"AGENT_BRAIN_COPY_URL": postgres_url}
        project.ok("storage", "copy", **other)
        verified = project.run("storage", "verify", "--queries", str(questions), **other)
        assert verified.returncode == 0, verified.stdout + verified.stderr
        assert "hold the same index" in verified.stdout
