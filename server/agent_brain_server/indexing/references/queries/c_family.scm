; what C and C++ share

; calls
(call_expression function: (identifier) @call)
(call_expression function: (field_expression argument: (_) @qualifier field: (_) @call))
(call_expression function: (parenthesized_expression (pointer_expression argument: (identifier) @call)))
(call_expression
  function: (parenthesized_expression
    (pointer_expression argument: (field_expression argument: (_) @qualifier field: (_) @call))))

; imports
(preproc_include path: [(string_literal) (system_lib_string)] @module)

; types
(struct_specifier name: (_) @skip body: (_))
(union_specifier name: (_) @skip body: (_))
(enum_specifier name: (_) @skip body: (_))
(translation_unit (struct_specifier name: (_) @skip))
(type_definition declarator: (type_identifier) @skip)

; names of the file as values
(argument_list (identifier) @value)
(argument_list (pointer_expression argument: (identifier) @value))
(init_declarator value: (identifier) @value)
(init_declarator value: (pointer_expression argument: (identifier) @value))
(assignment_expression right: (identifier) @value)
(assignment_expression right: (pointer_expression argument: (identifier) @value))
(initializer_list (identifier) @value)
(initializer_list (pointer_expression argument: (identifier) @value))
(initializer_pair value: (identifier) @value)
(initializer_pair value: (pointer_expression argument: (identifier) @value))
(return_statement (identifier) @value)
(binary_expression (identifier) @value)
(conditional_expression (identifier) @value)
(subscript_expression (identifier) @value)
(array_declarator size: (identifier) @value)
(case_statement value: (identifier) @value)
