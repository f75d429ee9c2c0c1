; calls, without what declares and what the language itself is made of
((call target: (identifier) @call)
  (#set! but
    "def|defp|defmacro|defmacrop|defguard|defguardp|defdelegate|defn|defnp|defmodule|defprotocol|defimpl|defstruct|defexception|alias|import|require|use|if|unless|case|cond|with|for|try|receive|quote|unquote|unquote_splicing|super"))
(call target: (dot left: (_) @qualifier right: (identifier) @call) (arguments))
(call target: (dot left: [(alias) (atom)] @qualifier right: (identifier) @call))
(binary_operator operator: "|>" right: (identifier) @call)
(unary_operator operator: "&" operand: (binary_operator left: (identifier) @call))
(struct (alias) @call)

; what a definition or an attribute is called
((call target: (identifier) @if (arguments . (call target: (_) @skip)))
  (#set! only "def(p|macro|macrop|guard|guardp|delegate|n|np)?"))
((call target: (identifier) @if (arguments . (binary_operator left: (call target: (_) @skip))))
  (#set! only "def(p|macro|macrop|guard|guardp|n|np)?"))
(unary_operator operator: "@" operand: (call target: (identifier) @skip))
((unary_operator operator: "@"
  operand: (call target: (identifier) @if (arguments (binary_operator left: (call target: (identifier) @skip)))))
  (#set! only "spec|type|typep|opaque|callback|macrocallback"))
((unary_operator operator: "@"
  operand: (call target: (identifier) @if
    (arguments (binary_operator left: (binary_operator left: (call target: (identifier) @skip))))))
  (#set! only "spec|callback|macrocallback"))

; imports
((call target: (identifier) @if (arguments . (alias) @module)) (#set! only "import|use"))
((call target: (identifier) @if (arguments . (alias) @import)) (#set! only "alias|require"))
((call target: (identifier) @if
    (arguments . (alias) @import (keywords (pair key: (keyword) value: (alias) @alias))))
  (#set! only "alias|require"))
((call target: (identifier) @if (arguments . (dot left: (_) @qualifier right: (tuple (alias) @import))))
  (#set! only "alias|require|import|use"))

((call target: (identifier) @if (arguments . (alias) (keywords (pair key: (keyword) value: (alias) @skip))))
  (#set! only "alias|require"))

; behaviours and protocols
((unary_operator operator: "@" operand: (call target: (identifier) @if (arguments (alias) @inherit)))
  (#set! only "behaviour"))
((call target: (identifier) @if (arguments . (alias) @inherit)) (#set! only "defimpl"))

; modules as values
((call target: (identifier) @if (arguments . (alias) @skip)) (#set! only "defmodule|defprotocol"))
(arguments (alias) @use)
(list (alias) @use)
(tuple (alias) @use)
(pair value: (alias) @use)
