; calls
(invocation_expression function: (identifier) @call)
(invocation_expression function: (generic_name . (identifier) @call))
(invocation_expression function: (member_access_expression name: (_) @call))
(invocation_expression function: (member_access_expression expression: (_) @qualifier name: (_) @call))
(invocation_expression function: (member_access_expression ["this" "base"] @qualifier name: (_) @call))
(invocation_expression
  function: (conditional_access_expression condition: (_) @qualifier (member_binding_expression name: (_) @call)))
(object_creation_expression type: (_) @call)
(attribute name: (_) @call)

; imports
(using_directive !name [(identifier) (qualified_name)] @module)
(using_directive name: (_) @alias [(identifier) (qualified_name) (generic_name)] @import .)

; base classes and interfaces
(base_list [(identifier) (generic_name) (qualified_name)] @inherit)
(base_list (primary_constructor_base_type type: (_) @inherit))

; types
(_ type: [(identifier) (qualified_name)] @use)
(_ type: (generic_name . (identifier) @use))
(_ type: (nullable_type (identifier) @use))
(_ type: (array_type type: (identifier) @use))
(_ returns: [(identifier) (qualified_name)] @use)
(_ returns: (generic_name . (identifier) @use))
(type_argument_list [(identifier) (qualified_name)] @use)
(type_argument_list (generic_name . (identifier) @use))
(as_expression right: (identifier) @use)
(is_expression right: (identifier) @use)
(type_parameter name: (_) @local)

; names of types and of the file as values
((member_access_expression expression: (identifier) @qualifier @if name: (identifier) @use)
  (#set! only "[A-Z].*"))
(argument (identifier) @member)
(assignment_expression right: (identifier) @member)
