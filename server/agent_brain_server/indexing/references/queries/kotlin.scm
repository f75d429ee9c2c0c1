; calls
(call_expression . (identifier) @call)
(call_expression . (navigation_expression (_) @qualifier (identifier) @call .))
(constructor_invocation (user_type) @call)
(infix_expression . (_) @qualifier . (identifier) @call)
(annotation (user_type) @call)

; imports
(import . [(qualified_identifier) (identifier)] @import .)
(import . [(qualified_identifier) (identifier)] @import . (identifier) @alias)
(import (_) @module "*" @import (#set! name "*"))

; base classes and interfaces
(delegation_specifier (user_type) @inherit)
(delegation_specifier (constructor_invocation (user_type) @inherit))
(delegation_specifier (explicit_delegation . (user_type) @inherit))

; types
((user_type) @use
  (#set! but
    "Any|Boolean|Byte|Char|Double|Float|Int|List|Long|Map|MutableList|MutableMap|Nothing|Set|Short|String|Unit"))
(type_parameter (identifier) @local)

; names of types and of the file as values
(callable_reference (identifier) @use .)
(callable_reference . (_) @qualifier (identifier) @use .)
((navigation_expression . (identifier) @qualifier @if (identifier) @use .) (#set! only "[A-Z].*") (#set! but "class"))
((navigation_expression . (identifier) @use (identifier) @if .) (#set! only "class"))
(value_argument (identifier) @value)
(property_declaration (identifier) @value)
