; calls
(method_invocation !object name: (_) @call)
(method_invocation object: (_) @qualifier name: (_) @call)
(object_creation_expression type: (_) @call)
((annotation name: (_) @call) (#set! but "SuppressWarnings|Deprecated"))
((marker_annotation name: (_) @call) (#set! but "Override|Deprecated|FunctionalInterface|SafeVarargs"))
(enum_constant name: (_) @skip)

; imports
(import_declaration (_) @import)
(import_declaration (_) @module (asterisk) @import (#set! name "*"))

; base classes and interfaces
(superclass (_) @inherit)
(super_interfaces (type_list (_) @inherit))
(extends_interfaces (type_list (_) @inherit))

; types
((type_identifier) @use
  (#set! but "Boolean|Byte|Character|Double|Exception|Float|Integer|Long|Object|Short|String|Void"))
(scoped_type_identifier (_) @qualifier (type_identifier) @use .)
(type_parameter (type_identifier) @local)

; names of types and of the file as values
((method_reference . (_) @qualifier (identifier) @use .))
((field_access object: (identifier) @qualifier @if field: (identifier) @use) (#set! only "[A-Z].*"))
(class_literal (type_identifier) @use)
(argument_list (identifier) @value)
