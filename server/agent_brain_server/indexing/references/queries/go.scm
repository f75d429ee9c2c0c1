; calls
(call_expression function: (identifier) @call)
(call_expression function: (selector_expression operand: (_) @qualifier field: (_) @call))
(call_expression function: (parenthesized_expression (_) @call))
(call_expression function: (index_expression operand: (_) @call))
(type_conversion_expression type: (generic_type type: (_) @call))
(composite_literal type: (type_identifier) @call)
(composite_literal type: (qualified_type package: (_) @qualifier name: (_) @call))
(composite_literal type: (generic_type type: (_) @call))

; imports
(import_spec path: (_) @module)
(import_spec name: (package_identifier) @alias path: (_) @module)

; embedded structs and interfaces
(field_declaration !name type: (_) @inherit)
(interface_type (type_elem . [(type_identifier) (qualified_type) (generic_type)] @inherit .))

; types
((type_identifier) @use
  (#set! but
    "any|bool|byte|complex128|complex64|error|float32|float64|int|int16|int32|int64|int8|rune|string|uint|uint16|uint32|uint64|uint8|uintptr"))
(qualified_type package: (_) @qualifier name: (_) @use)
(type_spec name: (_) @skip)
(type_alias name: (_) @skip)
(type_parameter_declaration name: (identifier) @local)

; names of the file as values, and of what it imports
(argument_list [(identifier) @value (selector_expression operand: (identifier) @qualifier field: (_) @value)])
(literal_element [(identifier) @value (selector_expression operand: (identifier) @qualifier field: (_) @value)])
(expression_list [(identifier) @value (selector_expression operand: (identifier) @qualifier field: (_) @value)])
(binary_expression [(identifier) @value (selector_expression operand: (identifier) @qualifier field: (_) @value)])
(unary_expression operand: [(identifier) @value (selector_expression operand: (identifier) @qualifier field: (_) @value)])
(index_expression [(identifier) @value (selector_expression operand: (identifier) @qualifier field: (_) @value)])
(range_clause right: [(identifier) @value (selector_expression operand: (identifier) @qualifier field: (_) @value)])
(selector_expression operand: (selector_expression operand: (identifier) @qualifier field: (_) @value))
