; calls
(call_expression function: (identifier) @call)
(call_expression function: (field_expression value: (_) @qualifier field: (_) @call))
(call_expression function: (generic_function function: (identifier) @call))
(call_expression function: (generic_function function: (field_expression value: (_) @qualifier field: (_) @call)))
(instance_expression . (_) @call)
(infix_expression left: (_) @qualifier operator: (identifier) @call)
(annotation name: (_) @call)

; imports
(import_declaration . (identifier) @import .)
(import_declaration ((identifier) @qualifier ".")+ (identifier) @import .)
(import_declaration ((identifier) @qualifier ".")+ (namespace_wildcard) @import (#set! name "*"))
(import_declaration ((identifier) @qualifier ".")+ (namespace_selectors (identifier) @import))
(import_declaration ((identifier) @qualifier ".")+
  (namespace_selectors (arrow_renamed_identifier name: (_) @import alias: (_) @alias)))
(import_declaration ((identifier) @qualifier ".")+
  (namespace_selectors (as_renamed_identifier name: (_) @import alias: (_) @alias)))
(import_declaration ((identifier) @qualifier ".")+
  (namespace_selectors (namespace_wildcard) @import) (#set! name "*"))

; base classes and traits
(extends_clause [(type_identifier) (generic_type) (stable_type_identifier)] @inherit)
(derives_clause type: (_) @inherit)
(given_definition return_type: (_) @inherit)

; types
((type_identifier) @use
  (#set! but "Any|AnyRef|Boolean|Byte|Char|Double|Float|Int|Long|Nothing|Short|String|Unit"))
(stable_type_identifier (_) @qualifier (type_identifier) @use .)
(type_parameters name: (identifier) @local)
(case_class_pattern type: (_) @use)
(type_definition name: (_) @skip)

; names of types and of the file as values
((field_expression value: (identifier) @qualifier @if field: (identifier) @use) (#set! only "[A-Z].*"))
(arguments (identifier) @value)
(infix_expression right: (identifier) @value)
(val_definition value: (identifier) @value)
