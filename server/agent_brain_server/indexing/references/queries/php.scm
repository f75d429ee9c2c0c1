; calls
(function_call_expression function: [(name) (qualified_name)] @call)
(member_call_expression object: (_) @qualifier name: (name) @call)
(nullsafe_member_call_expression object: (_) @qualifier name: (name) @call)
(scoped_call_expression scope: (_) @qualifier name: (name) @call)
(object_creation_expression [(name) (qualified_name)] @call)
(attribute [(name) (qualified_name)] @call)

; imports
(namespace_use_declaration (namespace_use_clause . [(name) (qualified_name)] @import !alias))
(namespace_use_declaration (namespace_use_clause . [(name) (qualified_name)] @import alias: (_) @alias))
(namespace_use_declaration (namespace_name) @qualifier
  body: (namespace_use_group (namespace_use_clause . [(name) (qualified_name)] @import !alias)))
(namespace_use_declaration (namespace_name) @qualifier
  body: (namespace_use_group (namespace_use_clause . [(name) (qualified_name)] @import alias: (_) @alias)))
(include_expression (_) @module)
(include_once_expression (_) @module)
(require_expression (_) @module)
(require_once_expression (_) @module)

; base classes, interfaces and traits
(base_clause [(name) (qualified_name)] @inherit)
(class_interface_clause [(name) (qualified_name)] @inherit)
(use_declaration [(name) (qualified_name)] @inherit)

; types
(named_type [(name) (qualified_name)] @use)
(class_constant_access_expression . [(name) (qualified_name)] @use . (name) @if (#set! only "class"))
(class_constant_access_expression . [(name) (qualified_name)] @qualifier . (name) @use)
(class_constant_access_expression (name) @if @skip (#set! only "class"))
(scoped_property_access_expression scope: [(name) (qualified_name)] @use)
(binary_expression operator: "instanceof" right: [(name) (qualified_name)] @use)

; names of the file as values
(argument (name) @value)
(property_element default_value: (name) @value)
(argument (string (string_content) @value))
