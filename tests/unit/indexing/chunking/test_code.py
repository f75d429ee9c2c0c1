"""What the chunks of each language are called, and what they hold."""

from __future__ import annotations

import pytest

from agent_brain_server.domain.content import Chunk
from agent_brain_server.indexing.chunking import KINDS, chunk_text

from .samples import SAMPLES, chunk_sample, read_sample

SYMBOLS = {
    "retry.py": """
        constant DEFAULTS
        function next_delay
        class Retry
        method Retry.__init__
        method Retry.last
        class Retry.Policy
        method Retry.run
        function guarded
    """,
    "cart.js": """
        function total
        function withTax
        constant MAX_ITEMS
        class Cart
        method Cart.constructor
        method Cart.load
        method Cart.onAdd
        method Cart.size
        function Cart.clear
        function checkout
        function Row
        constant api
        function api.list
        function api.remove
    """,
    "store.ts": """
        interface Options
        enum Mode
        function open
        class Store
        method Store.get
        method Store.handle
        module Paths.Local
        function Paths.Local.join
        module legacy
        function isKey
    """,
    "panel.tsx": """
        function Panel
        function Badge
    """,
    "server.go": """
        struct Server
        interface Doer
        method Server.Run
        method List.Push
        function Map
    """,
    "shapes.rs": """
        struct Point
        enum Kind
        trait Shape
        method Shape.describe
        impl Point
        method Point.new
        impl Point
        method Point.fmt
        macro square
        module tests
        function tests.helper
        constant MAX
        function measure
    """,
    "Account.java": """
        class Account
        method Account.Account
        method Account.withdraw
        class Account.Entry
        interface Ledger
        struct Pair
        enum Currency
    """,
    "Parser.kt": """
        class Parser
        method Parser.make
        method Parser.constructor
        method Parser.next
        class Parser.Cursor
        interface Reader
        class Registry
        enum Level
        function shout
        function load
    """,
    "Queue.scala": """
        class Queue
        method Queue.push
        class Queue
        trait Runner
        enum Level
        function top
        type Name
    """,
    "list.c": """
        struct node_t
        struct point
        enum color
        function list_push
        function list_compare
        function list_dump
        function list_skip
    """,
    "matrix.cpp": """
        module math.linear
        class math.linear.Matrix
        method math.linear.Matrix.Matrix
        method math.linear.Matrix.at
        method math.linear.Matrix.operator==
        struct math.linear.Matrix.Row
        method math.linear.Matrix.sum
        method math.linear.Matrix.~Matrix
        method math.linear.Matrix.Row.reset
        function math.linear.make
        enum math.linear.Order
        function c_entry
        function MatrixTest.Adds
    """,
    "Cache.cs": """
        class Cache
        method Cache.Cache
        method Cache.LoadAsync
        method Cache.operator +
        interface ILoader
        struct Entry
        struct Pair
        enum Level
    """,
    "invoice.rb": """
        module Billing
        class Billing.Invoice
        method Billing.Invoice.initialize
        method Billing.Invoice.total
        method Billing.Invoice.open
        method Billing.Invoice.latest
        method Billing.Invoice.check
        function run
        class Line
    """,
    "Mailer.php": """
        class Mailer
        method Mailer.__construct
        method Mailer.make
        interface Sender
        trait Logs
        enum Priority
        function deliver
        function later
    """,
    "Player.swift": """
        class Player
        method Player.init
        method Player.play
        enum Player.State
        struct Track
        interface Listener
        impl Player
        method Player.encode
        class Library
        function shuffle
        type Name
    """,
    "game.lua": """
        constant Game
        function Game.start
        function Game.stop
        function roll
        function Game.score
    """,
    "basket.ex": """
        module Shop.Basket
        function Shop.Basket.add
        function Shop.Basket.count
        function Shop.Basket.check
        function Shop.Basket.debug
        interface Priced
        impl Priced.List
    """,
    "Tree.hs": """
        function depth
        type Tree
        type Name
        trait Sized
        impl Sized.Tree
        function <+>
        function limit
    """,
    "buffer.zig": """
        constant std
        struct Buffer
        method Buffer.init
        method Buffer.grow
        enum Mode
        function main
        function test grows
    """,
    "deploy.sh": """
        function copy_build
        function restart
        function trace
    """,
    "schema.sql": """
        table app.users
        constant users_name
        table active
        function add
    """,
}

SIGNATURES = {
    "retry.py": ("Retry.last", "def last( self, ) -> int"),
    "cart.js": ("withTax", "export const withTax = async (items)"),
    "store.ts": ("Store", "export class Store<T> extends Base implements Closable"),
    "panel.tsx": ("Badge", "export const Badge: React.FC<Props> = ({ title })"),
    "server.go": ("Server.Run", "func (s *Server) Run(addr string) error"),
    "shapes.rs": ("Point.new", "pub fn new(x: T) -> Self"),
    "Account.java": ("Account.withdraw", "@Override public <R> List<R> withdraw(int amount) throws IOException"),
    "Parser.kt": ("shout", "fun String.shout(times: Int): String"),
    "Queue.scala": ("Queue.push", "def push(job: T): Unit"),
    "list.c": ("list_push", "static inline node_t *list_push(node_t *list, int value)"),
    "matrix.cpp": ("math.linear.Matrix.sum", "template <typename T> T Matrix<T>::sum() const"),
    "Cache.cs": ("Cache", "public class Cache<T> : Base where T : class"),
    "invoice.rb": ("Billing.Invoice.open", "def self.open(id)"),
    "Mailer.php": ("deliver", "function deliver($mail)"),
    "Player.swift": ("Player.play", "func play(track: Track) async throws -> Bool"),
    "game.lua": ("Game.stop", "function Game:stop(reason)"),
    "basket.ex": ("Shop.Basket.check", "defp check(thing) when is_binary(thing)"),
    "Tree.hs": ("depth", "depth :: Tree a -> Int"),
    "buffer.zig": ("Buffer.init", "pub fn init(len: usize) Buffer"),
    "deploy.sh": ("restart", "function restart"),
    "schema.sql": ("add", "CREATE OR REPLACE FUNCTION add(a int, b int) RETURNS int"),
}

DOCUMENTATION = {
    "retry.py": {
        "Retry": "Tries again.\n\nAt most `limit` times.",
        "next_delay": "Called by the client\nbefore each attempt.",
    },
    "cart.js": {"total": "Adds up the items.", "Cart": "What a customer wants to buy.\n@public"},
    "store.ts": {"Store.get": "Reads one value."},
    "server.go": {"Server.Run": "Run serves until the context ends.\nIt blocks."},
    "shapes.rs": {"Point.new": "Makes a point."},
    "Account.java": {"Account": "Money of one customer.", "Account.withdraw": "Takes money out."},
    "Parser.kt": {"Parser": "Reads tokens."},
    "Queue.scala": {"Queue": "Holds jobs."},
    "list.c": {"node_t": "A node of a list.", "list_push": "Adds a value in front."},
    "matrix.cpp": {"math.linear.Matrix": "A grid of numbers."},
    "Cache.cs": {"Cache": "<summary>Keeps values.</summary>"},
    "invoice.rb": {"Billing.Invoice": "What a customer owes.", "Billing.Invoice.total": "Adds up."},
    "Mailer.php": {"Mailer": "Sends mail."},
    "Player.swift": {"Player": "Plays tracks."},
    "game.lua": {"Game.start": "Starts a round."},
    "basket.ex": {"Shop.Basket": "What is in the basket.", "Shop.Basket.add": "Adds one thing."},
    "Tree.hs": {"depth": "How deep a tree is.\nLeaves count."},
    "buffer.zig": {"Buffer": "Grows as needed."},
    "deploy.sh": {"copy_build": "Copies the build."},
    "schema.sql": {"app.users": "People who log in."},
}

FIRST_AND_LAST_LINE = {
    "retry.py": ("Retry.last", "    @property", "        return self.limit - 1"),
    "cart.js": ("Cart.onAdd", "  onAdd = (item) => {", "  };"),
    "store.ts": ("Store.get", "  /** Reads one value. */", "  }"),
    "server.go": ("Server.Run", "// Run serves until the context ends.", "}"),
    "shapes.rs": ("Point.new", "    /// Makes a point.", "}"),
    "Account.java": ("Account.withdraw", "    /**", "    }"),
    "list.c": ("node_t", "/* A node of a list. */", "} node_t;"),
    "matrix.cpp": ("math.linear.Matrix.sum", "template <typename T>", "}"),
    "basket.ex": ("Shop.Basket.add", '  @doc """', "  end"),
    "Tree.hs": ("depth", "-- | How deep a tree is.", "    unused = 0"),
    "invoice.rb": ("Billing.Invoice.total", "    # Adds up.", "    end"),
}


def find(name: str, symbol: str) -> Chunk:
    """The first chunk of a sample that has the symbol."""
    return next(chunk for chunk in chunk_sample(name).chunks if chunk.symbol == symbol)


def test_every_sample_has_its_symbols_listed() -> None:
    assert {path.name for path in SAMPLES.iterdir()} == set(SYMBOLS) == set(SIGNATURES)


@pytest.mark.parametrize("name", SYMBOLS)
def test_symbols(name: str) -> None:
    chunked = chunk_sample(name)
    found = [f"{chunk.kind} {chunk.symbol}" for chunk in chunked.chunks if chunk.kind != "block"]
    assert found == [line.strip() for line in SYMBOLS[name].strip().splitlines()]
    assert {chunk.kind for chunk in chunked.chunks} <= set(KINDS)
    assert chunked.note == ""


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures(name: str) -> None:
    symbol, signature = SIGNATURES[name]
    assert find(name, symbol).signature == signature


@pytest.mark.parametrize("name", DOCUMENTATION)
def test_documentation(name: str) -> None:
    assert {symbol: find(name, symbol).documentation for symbol in DOCUMENTATION[name]} == DOCUMENTATION[name]


@pytest.mark.parametrize("name", FIRST_AND_LAST_LINE)
def test_comments_and_attributes_belong_to_what_is_under_them(name: str) -> None:
    symbol, first, last = FIRST_AND_LAST_LINE[name]
    lines = find(name, symbol).text.split("\n")
    assert (lines[0], lines[-1]) == (first, last)


@pytest.mark.parametrize("name", SYMBOLS)
def test_text_is_the_lines_of_the_file(name: str) -> None:
    lines = read_sample(name).split("\n")
    for chunk in chunk_sample(name).chunks:
        assert chunk.text == "\n".join(lines[chunk.start_line - 1 : chunk.end_line])


def test_a_chunk_is_labelled_with_its_own_symbol_not_the_last_in_it() -> None:
    outer = "def outer():\n    def inner():\n        return 1\n    return inner\n"
    text = f"{outer}\n\nclass Small:\n    def last(self):\n        pass\n"
    chunks = chunk_text("a.py", "python", text).chunks
    assert [(chunk.symbol, chunk.start_line, chunk.end_line) for chunk in chunks] == [("outer", 1, 4), ("Small", 7, 9)]


@pytest.mark.parametrize("name", ["list.c", "matrix.cpp", "shapes.rs", "Parser.kt", "Player.swift"])
def test_languages_that_others_have_no_symbols_for(name: str) -> None:
    chunks = chunk_sample(name).chunks
    assert sum(chunk.symbol != "" for chunk in chunks) >= 7
    assert any(chunk.kind in {"function", "method"} for chunk in chunks)


def test_a_class_that_fits_is_one_chunk() -> None:
    text = "class Small:\n" + "".join(f"    def m{n}(self):\n        return {n}\n" for n in range(5))
    (chunk,) = chunk_text("a.py", "python", text).chunks
    assert (chunk.kind, chunk.symbol, chunk.signature) == ("class", "Small", "class Small")


def test_a_long_function_is_cut_in_parts_of_one_name() -> None:
    body = "".join(f"    value_{n} = compute({n})\n    if value_{n}:\n        report({n})\n\n" for n in range(60))
    text = f'def long(x):\n    """Does much."""\n{body}'
    chunks = chunk_text("a.py", "python", text).chunks
    assert len(chunks) > 2
    assert {(chunk.kind, chunk.symbol, chunk.signature) for chunk in chunks} == {("function", "long", "def long(x)")}
    assert [bool(chunk.documentation) for chunk in chunks] == [True] + [False] * (len(chunks) - 1)
    assert all(chunk.text.startswith("    value_") for chunk in chunks[1:])


def test_functions_in_a_long_function_keep_their_names() -> None:
    route = "".join(f"        line({n})\n" for n in range(40))
    text = "def create_app():\n" + "".join(
        f"    @app.get('/{name}')\n    def {name}():\n{route}\n" for name in ("health", "query", "index")
    )
    symbols = [chunk.symbol for chunk in chunk_text("a.py", "python", text).chunks]
    assert symbols == ["create_app", "create_app.health", "create_app.query", "create_app.index"]


def test_what_a_long_call_wraps_is_found() -> None:
    filler = "".join(f"  // {n}\n" for n in range(90))
    text = f"(function () {{\n{filler}\n  function inside() {{\n    return 1;\n  }}\n}})();\n"
    assert "inside" in {chunk.symbol for chunk in chunk_text("a.js", "javascript", text).chunks}


def test_imports_and_small_constants_share_a_block() -> None:
    text = "import a\nimport b\n\nX = 1\nY = 2\n\n\ndef f():\n    return X\n"
    block, function = chunk_text("a.py", "python", text).chunks
    assert (block.kind, block.symbol, block.start_line, block.end_line) == ("block", "", 1, 5)
    assert function.symbol == "f"


def test_a_constant_alone_keeps_its_name() -> None:
    text = "def f():\n    return 1\n\n\nLIMIT = 3\n\n\ndef g():\n    return 2\n"
    assert [chunk.symbol for chunk in chunk_text("a.py", "python", text).chunks] == ["f", "LIMIT", "g"]


def test_a_trailing_comment_belongs_to_its_own_line() -> None:
    text = "x = 1  # about x\ndef f():\n    return 1\n"
    function = chunk_text("a.py", "python", text).chunks[-1]
    assert (function.symbol, function.documentation) == ("f", "")


def test_the_methods_of_the_interface_of_a_header_are_its_own_when_they_are_explained() -> None:
    explained = "\n".join(f"  /**\n   * Reads {n}.\n   * Long story.\n   */\n  int read{n}();\n" for n in range(12))
    chunks = chunk_text("a.hpp", "cpp", f"class Reader {{\n public:\n{explained}}};\n").chunks
    assert [chunk.symbol for chunk in chunks[:3]] == ["Reader", "Reader.read0", "Reader.read1"]
    assert chunks[1].documentation == "Reads 0.\nLong story."


def test_vue_and_svelte_scripts_have_symbols() -> None:
    script = "function load(id: number): void {\n  go(id)\n}\n"
    text = f'<template>\n  <p>{{{{ x }}}}</p>\n</template>\n\n<script setup lang="ts">\n{script}</script>\n'
    chunks = chunk_text("a.vue", "vue", text).chunks
    assert [(chunk.kind, chunk.symbol, chunk.language) for chunk in chunks] == [
        ("block", "", "vue"),
        ("function", "load", "vue"),
    ]


def test_names_of_several_words_keep_them() -> None:
    (chunk,) = chunk_text("a.kt", "kotlin", "fun `adds two numbers`() {\n    check(1)\n}\n").chunks
    assert chunk.symbol == "adds two numbers"


def test_a_run_of_macros_does_not_name_the_function_under_it() -> None:
    macros = 'DEFINE_FLAG(int, limit, 256 << 10, "a limit");\nDEFINE_FLAG(bool, quiet, 1 << 2, "a flag");\n'
    text = f"{macros}\nvoid run() {{\n  go();\n}}\n"
    assert "DEFINE_FLAG" not in {chunk.symbol for chunk in chunk_text("a.cc", "cpp", text).chunks}


TSQL = """USE shop;
GO

-- Finds one.
CREATE OR ALTER PROCEDURE [dbo].[FindOne] @id INT
AS
BEGIN
    SET NOCOUNT ON;
    SELECT TOP 1 * FROM dbo.[users] WITH (NOLOCK) WHERE id = @id;
END
GO

CREATE TABLE [dbo].[users](
    [id] [int] IDENTITY(1,1) NOT NULL,
    CONSTRAINT [PK] PRIMARY KEY CLUSTERED ([id] ASC) WITH (PAD_INDEX = OFF)
) ON [PRIMARY]
GO

CREATE FUNCTION f() RETURNS trigger AS $body$
begin
  return new;
end;
$body$ LANGUAGE plpgsql;
"""


def test_sql_of_an_unknown_dialect_is_read_by_its_lines() -> None:
    chunked = chunk_text("a.sql", "sql", TSQL)
    assert [(chunk.kind, chunk.symbol, chunk.start_line) for chunk in chunked.chunks if chunk.symbol] == [
        ("function", "dbo.FindOne", 4),
        ("table", "dbo.users", 13),
        ("function", "f", 19),
    ]
    assert chunked.chunks[1].documentation == "Finds one."
    assert not chunked.note


def test_a_macro_of_some_lines_has_its_own_chunk() -> None:
    swap = "#define SWAP(a, b) \\\n    do {        \\\n        a ^= b; \\\n        b ^= a; \\\n    } while (0)\n"
    text = f"#define LIMIT 3\n\n{swap}"
    assert [(chunk.kind, chunk.symbol) for chunk in chunk_text("a.c", "c", text).chunks][-1] == ("macro", "SWAP")
