; calls
(call_expression . (simple_identifier) @call)
(call_expression
  . (navigation_expression target: (_) @qualifier suffix: (navigation_suffix suffix: (_) @call)))
(call_expression . (simple_identifier) @skip (call_suffix (value_arguments "[")))
(call_expression
  . (navigation_expression suffix: (navigation_suffix suffix: (_) @skip)) (call_suffix (value_arguments "[")))
(constructor_expression constructed_type: (_) @call)
(attribute (user_type) @call)
((attribute (user_type) @skip @if)
  (#set! only "available|discardableResult|escaping|inlinable|objc|objcMembers|autoclosure|unknown|usableFromInline"))

; imports
(import_declaration (identifier) @module)
(import_declaration ["class" "enum" "func" "let" "protocol" "struct" "typealias" "var"] (identifier) @import)

; base classes and protocols
(inheritance_specifier inherits_from: (_) @inherit)

; types
((user_type) @use
  (#set! but "Any|AnyObject|Bool|Character|Double|Float|Int|Int32|Int64|Never|Optional|Self|String|UInt|UInt8|Void"))
(class_declaration name: (user_type) @skip)
(type_parameter (type_identifier) @local)

; names of types and of the file as values
((navigation_expression
  target: (simple_identifier) @qualifier @if suffix: (navigation_suffix suffix: (simple_identifier) @use))
  (#set! only "[A-Z].*"))
(value_argument value: (simple_identifier) @value)
(assignment result: (simple_identifier) @value)
