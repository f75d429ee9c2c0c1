"""In a file that is broken in any way, a definition ends where it starts or after it."""

from __future__ import annotations

import pytest

from agent_brain_server.indexing.chunking import chunk_text

# In both, a comment that the parser puts between a head and its body is below what is in the body.
RUBY = """def run(argv)
  Billing::Invoice.open(argv)
# note
Line = Struct.new(:price) do
end
# note"""
LUA = """function Game.start(players)
function Game:stop(reason)
end
-- note
local function roll()
end
return Game
-- note"""


@pytest.mark.parametrize(("name", "language", "text"), [("a.rb", "ruby", RUBY), ("a.lua", "lua", LUA)])
def test_a_definition_does_not_end_before_it_starts(name: str, language: str, text: str) -> None:
    definitions = chunk_text(name, language, text).graph.definitions
    assert len(definitions) >= 2
    assert [one for one in definitions if one.end_line < one.start_line] == []
