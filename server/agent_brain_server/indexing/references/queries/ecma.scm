; what JavaScript and TypeScript share

; calls
(call_expression function: (identifier) @call)
(call_expression function: (member_expression object: (_) @qualifier property: (_) @call))
(new_expression constructor: (identifier) @call)
(new_expression constructor: (member_expression object: (_) @qualifier property: (_) @call))
(decorator (identifier) @call)
(decorator (member_expression object: (_) @qualifier property: (_) @call))

; imports
(import_statement source: (string) @module)
(import_statement (import_clause (identifier) @import @alias) source: (string) @module (#set! name "default"))
(import_statement (import_clause (namespace_import (identifier) @alias)) source: (string) @module)
(import_statement
  (import_clause (named_imports (import_specifier name: (_) @import !alias)))
  source: (string) @module)
(import_statement
  (import_clause (named_imports (import_specifier name: (_) @import alias: (_) @alias)))
  source: (string) @module)
(export_statement source: (string) @module)
(export_statement (export_clause (export_specifier name: (_) @import !alias)) source: (string) @module)
(export_statement (export_clause (export_specifier name: (_) @import alias: (_) @alias)) source: (string) @module)
(export_statement (namespace_export (_) @alias) source: (string) @module)
(call_expression function: (import) arguments: (arguments . (string) @module))

; require
((call_expression function: (identifier) @if @skip arguments: (arguments . (string) @module .))
  (#set! only "require"))
((variable_declarator
  name: (identifier) @alias
  value: (call_expression function: (identifier) @if arguments: (arguments . (string) @module .)))
  (#set! only "require"))
((variable_declarator
  name: (object_pattern (shorthand_property_identifier_pattern) @import)
  value: (call_expression function: (identifier) @if arguments: (arguments . (string) @module .)))
  (#set! only "require"))
((variable_declarator
  name: (object_pattern (pair_pattern key: (property_identifier) @import value: (identifier) @alias))
  value: (call_expression function: (identifier) @if arguments: (arguments . (string) @module .)))
  (#set! only "require"))
((variable_declarator
  name: (identifier) @alias
  value: (member_expression
    object: (call_expression function: (identifier) @if arguments: (arguments . (string) @module .))
    property: (property_identifier) @import))
  (#set! only "require"))

; names of the file as values, and of what it imports
(arguments
  [(identifier) @value (member_expression object: (identifier) @qualifier property: (property_identifier) @value)])
(spread_element
  [(identifier) @value (member_expression object: (identifier) @qualifier property: (property_identifier) @value)])
(variable_declarator value:
  [(identifier) @value (member_expression object: (identifier) @qualifier property: (property_identifier) @value)])
(assignment_expression right:
  [(identifier) @value (member_expression object: (identifier) @qualifier property: (property_identifier) @value)])
(assignment_pattern right:
  [(identifier) @value (member_expression object: (identifier) @qualifier property: (property_identifier) @value)])
(pair value:
  [(identifier) @value (member_expression object: (identifier) @qualifier property: (property_identifier) @value)])
(array
  [(identifier) @value (member_expression object: (identifier) @qualifier property: (property_identifier) @value)])
(return_statement
  [(identifier) @value (member_expression object: (identifier) @qualifier property: (property_identifier) @value)])
(throw_statement
  [(identifier) @value (member_expression object: (identifier) @qualifier property: (property_identifier) @value)])
(arrow_function body:
  [(identifier) @value (member_expression object: (identifier) @qualifier property: (property_identifier) @value)])
(binary_expression
  [(identifier) @value (member_expression object: (identifier) @qualifier property: (property_identifier) @value)])
(ternary_expression
  [(identifier) @value (member_expression object: (identifier) @qualifier property: (property_identifier) @value)])
(unary_expression argument:
  [(identifier) @value (member_expression object: (identifier) @qualifier property: (property_identifier) @value)])
(parenthesized_expression
  [(identifier) @value (member_expression object: (identifier) @qualifier property: (property_identifier) @value)])
(subscript_expression
  [(identifier) @value (member_expression object: (identifier) @qualifier property: (property_identifier) @value)])
(template_substitution
  [(identifier) @value (member_expression object: (identifier) @qualifier property: (property_identifier) @value)])
(export_statement value:
  [(identifier) @value (member_expression object: (identifier) @qualifier property: (property_identifier) @value)])
(pair key: (computed_property_name (identifier) @value))
(shorthand_property_identifier) @value
(member_expression
  object: (member_expression object: (identifier) @qualifier property: (property_identifier) @value))
