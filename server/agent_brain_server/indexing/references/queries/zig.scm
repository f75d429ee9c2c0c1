; calls
(call_expression function: (identifier) @call)
(call_expression function: (field_expression object: (_) @qualifier member: (_) @call))
(struct_initializer . (identifier) @call)
(struct_initializer . (field_expression object: (_) @qualifier member: (_) @call))

; imports
((builtin_function (builtin_identifier) @if (arguments (string) @module)) (#set! only "@import|@cImport"))
((variable_declaration . (identifier) @alias
  (builtin_function (builtin_identifier) @if (arguments (string) @module)))
  (#set! only "@import"))
((variable_declaration . (identifier) @alias
  (field_expression
    object: (builtin_function (builtin_identifier) @if (arguments (string) @module)) member: (_) @import))
  (#set! only "@import"))

; types and values of the file
(_ type: (identifier) @value)
(_ type: (field_expression object: (_) @qualifier member: (_) @value))
(pointer_type (identifier) @value)
(nullable_type (identifier) @value)
(slice_type (identifier) @value)
(array_type (identifier) @value)
(error_union_type (identifier) @value)
(call_expression (identifier) @value)
(arguments (identifier) @value)
(return_expression (identifier) @value)
(binary_expression (identifier) @value)
(assignment_expression right: (identifier) @value)
(field_expression object: (identifier) @qualifier member: (identifier) @value)
