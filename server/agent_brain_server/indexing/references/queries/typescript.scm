; inherits: ecma
(call_expression function: (non_null_expression (identifier) @call))
(import_statement (import_require_clause (identifier) @alias source: (string) @module))

(class_heritage (extends_clause value: [(identifier) (member_expression)] @inherit))
(implements_clause [(type_identifier) (nested_type_identifier) (generic_type)] @inherit)
(extends_type_clause type: [(type_identifier) (nested_type_identifier) (generic_type)] @inherit)

(public_field_definition value: (identifier) @value)
(as_expression . (identifier) @value)
(satisfies_expression . (identifier) @value)
(non_null_expression (identifier) @value)

; types
(type_identifier) @value
(nested_type_identifier module: (_) @qualifier name: (_) @value)
(type_query (identifier) @value)
(type_parameter name: (type_identifier) @local)
(class_declaration name: (_) @skip)
(abstract_class_declaration name: (_) @skip)
(interface_declaration name: (_) @skip)
(type_alias_declaration name: (_) @skip)
