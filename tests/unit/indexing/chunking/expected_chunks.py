"""What the chunks of each sample are called, and what they begin with."""

from __future__ import annotations

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
