; calls
(function_call name: (identifier) @call)
(function_call name: (dot_index_expression table: (_) @qualifier field: (_) @call))
(function_call name: (method_index_expression table: (_) @qualifier method: (_) @call))

; require
((function_call name: (identifier) @if @skip arguments: (arguments . (string) @module .)) (#set! only "require"))
((assignment_statement
  (variable_list . name: (identifier) @alias .)
  (expression_list . value: (function_call name: (identifier) @if arguments: (arguments . (string) @module .)) .))
  (#set! only "require"))
((assignment_statement
  (variable_list . name: (identifier) @alias .)
  (expression_list . value: (dot_index_expression
    table: (function_call name: (identifier) @if arguments: (arguments . (string) @module .))
    field: (identifier) @import) .))
  (#set! only "require"))

; names of the file as values
(arguments (identifier) @value)
(arguments (dot_index_expression table: (identifier) @qualifier field: (identifier) @value))
(field value: (identifier) @value)
(expression_list value: (identifier) @value)
(binary_expression (identifier) @value)
(dot_index_expression table: (identifier) @qualifier field: (identifier) @value)

; what a definition is called
(function_declaration name: (dot_index_expression field: (_) @skip))
(variable_list name: (dot_index_expression field: (_) @skip))
