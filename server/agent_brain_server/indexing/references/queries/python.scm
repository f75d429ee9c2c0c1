; calls, decorators among them
(call function: (identifier) @call)
(call function: (attribute object: (_) @qualifier attribute: (identifier) @call))
(call function: (subscript value: (identifier) @call))
(decorator (identifier) @call)
(decorator (attribute object: (_) @qualifier attribute: (identifier) @call))

; imports
(import_statement name: (dotted_name) @import)
(import_statement name: (aliased_import name: (_) @import alias: (_) @alias))
(import_from_statement module_name: (_) @module name: (dotted_name) @import)
(import_from_statement module_name: (_) @module name: (aliased_import name: (_) @import alias: (_) @alias))
(import_from_statement module_name: (_) @module (wildcard_import))

; base classes
(class_definition superclasses: (argument_list [(identifier) (attribute)] @inherit))
(class_definition superclasses: (argument_list (subscript value: (_) @inherit)))
(class_definition superclasses: (argument_list (call function: (_) @inherit)))
(class_definition superclasses: (argument_list (keyword_argument value: [(identifier) (attribute)] @inherit)))

; types
(type (identifier) @value)
(generic_type (identifier) @value)
(type (attribute object: (_) @qualifier attribute: (identifier) @value))

; names of the file as values, and of what it imports
(argument_list [(identifier) @value (attribute object: (identifier) @qualifier attribute: (identifier) @value)])
(keyword_argument value: [(identifier) @value (attribute object: (identifier) @qualifier attribute: (identifier) @value)])
(assignment right: [(identifier) @value (attribute object: (identifier) @qualifier attribute: (identifier) @value)])
(default_parameter value: [(identifier) @value (attribute object: (identifier) @qualifier attribute: (identifier) @value)])
(typed_default_parameter value: [(identifier) @value (attribute object: (identifier) @qualifier attribute: (identifier) @value)])
(pair [(identifier) @value (attribute object: (identifier) @qualifier attribute: (identifier) @value)])
(list [(identifier) @value (attribute object: (identifier) @qualifier attribute: (identifier) @value)])
(tuple [(identifier) @value (attribute object: (identifier) @qualifier attribute: (identifier) @value)])
(set [(identifier) @value (attribute object: (identifier) @qualifier attribute: (identifier) @value)])
(expression_list [(identifier) @value (attribute object: (identifier) @qualifier attribute: (identifier) @value)])
(return_statement [(identifier) @value (attribute object: (identifier) @qualifier attribute: (identifier) @value)])
(raise_statement [(identifier) @value (attribute object: (identifier) @qualifier attribute: (identifier) @value)])
(yield [(identifier) @value (attribute object: (identifier) @qualifier attribute: (identifier) @value)])
(except_clause value: [(identifier) @value (attribute object: (identifier) @qualifier attribute: (identifier) @value)])
(as_pattern . [(identifier) @value (attribute object: (identifier) @qualifier attribute: (identifier) @value)])
(subscript [(identifier) @value (attribute object: (identifier) @qualifier attribute: (identifier) @value)])
(binary_operator [(identifier) @value (attribute object: (identifier) @qualifier attribute: (identifier) @value)])
(comparison_operator [(identifier) @value (attribute object: (identifier) @qualifier attribute: (identifier) @value)])
(boolean_operator [(identifier) @value (attribute object: (identifier) @qualifier attribute: (identifier) @value)])
(not_operator [(identifier) @value (attribute object: (identifier) @qualifier attribute: (identifier) @value)])
(conditional_expression [(identifier) @value (attribute object: (identifier) @qualifier attribute: (identifier) @value)])
(if_statement condition: [(identifier) @value (attribute object: (identifier) @qualifier attribute: (identifier) @value)])
(for_statement right: [(identifier) @value (attribute object: (identifier) @qualifier attribute: (identifier) @value)])
(for_in_clause right: [(identifier) @value (attribute object: (identifier) @qualifier attribute: (identifier) @value)])
(interpolation expression: [(identifier) @value (attribute object: (identifier) @qualifier attribute: (identifier) @value)])
(list_splat [(identifier) @value (attribute object: (identifier) @qualifier attribute: (identifier) @value)])
(dictionary_splat [(identifier) @value (attribute object: (identifier) @qualifier attribute: (identifier) @value)])
(attribute object: (attribute object: (identifier) @qualifier attribute: (identifier) @value))
(lambda body: (identifier) @value)
(case_pattern (class_pattern (dotted_name) @value))

; what is no mention
(class_definition superclasses: (argument_list (keyword_argument name: (identifier) @skip)))
