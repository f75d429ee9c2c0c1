; inherits: c_family
; calls
(call_expression function: (qualified_identifier) @call)
(call_expression function: (template_function name: (_) @call))
(call_expression
  function: (field_expression argument: (_) @qualifier field: (template_method name: (_) @call)))
(new_expression type: (_) @call)
(compound_literal_expression type: [(type_identifier) (qualified_identifier) (template_type)] @call)
(declaration type: [(type_identifier) (qualified_identifier) (template_type)] @call
  declarator: (init_declarator value: [(argument_list) (initializer_list)]))
(field_initializer [(field_identifier) (qualified_identifier) (template_method)] @value)

; imports
(using_declaration "namespace" (_) @module)
((using_declaration . (qualified_identifier) @import))
(namespace_alias_definition name: (_) @alias (_) @module)

; base classes
(base_class_clause [(type_identifier) (qualified_identifier) (template_type)] @inherit)

; types
((type_identifier) @use
  (#set! but
    "FILE|map|pair|set|shared_ptr|string|unique_ptr|vector|bool|int16_t|int32_t|int64_t|int8_t|intptr_t|off_t|ptrdiff_t|size_t|ssize_t|time_t|uint16_t|uint32_t|uint64_t|uint8_t|uintptr_t|va_list"))
(qualified_identifier scope: (_) @qualifier name: (type_identifier) @use)
(class_specifier name: (_) @skip body: (_))
(alias_declaration name: (_) @skip)
(type_parameter_declaration (type_identifier) @local)
(optional_type_parameter_declaration name: (type_identifier) @local)
(concept_definition name: (_) @skip)

(function_declarator declarator: (qualified_identifier name: (_) @skip))
(function_declarator declarator: (qualified_identifier name: (qualified_identifier name: (_) @skip)))
(destructor_name (identifier) @skip)

; names of the file as values
(throw_statement (identifier) @value)
(qualified_identifier scope: (_) @qualifier name: (identifier) @value)
