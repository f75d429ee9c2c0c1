; calls
((call_expression function: (identifier) @call) (#set! but
    "Some|Ok|Err"))
(call_expression function: (field_expression value: (_) @qualifier field: (_) @call))
(call_expression function: (scoped_identifier path: (_)? @qualifier name: (_) @call))
(call_expression function: (generic_function function: (identifier) @call))
(call_expression function: (generic_function function: (field_expression value: (_) @qualifier field: (_) @call)))
(call_expression function: (generic_function function: (scoped_identifier path: (_)? @qualifier name: (_) @call)))
(struct_expression name: (_) @call)
(macro_invocation macro: (_) @call)
((attribute_item (attribute . (_) @call))
  (#set! but
    "allow|cfg|cfg_attr|deny|derive|doc|expect|forbid|ignore|inline|must_use|non_exhaustive|repr|test|warn"))
((token_tree (identifier) @call . (token_tree . "(")) (#set! but
    "Some|Ok|Err"))
(token_tree (_) @qualifier . "." . (identifier) @call . (token_tree . "("))
(token_tree (_) @qualifier . "::" . (identifier) @call . (token_tree . "("))
(token_tree (identifier) @call . "!" . (token_tree))

; imports: the parts of nested lists follow one another
(use_declaration argument: [(identifier) (scoped_identifier)] @import)
(use_declaration argument: (use_as_clause path: (_) @import alias: (_) @alias))
(use_declaration argument: (use_wildcard (_) @module))
(extern_crate_declaration name: (_) @module !alias)
(extern_crate_declaration name: (_) @module alias: (_) @alias)

(use_declaration argument: (use_list [(identifier) (scoped_identifier)] @import))
(use_declaration argument:
  (scoped_use_list path: (_) @qualifier list: (use_list
    [(identifier) (scoped_identifier)] @import)))
(use_declaration argument:
  (scoped_use_list path: (_) @qualifier list: (use_list
    (scoped_use_list path: (_) @qualifier list: (use_list
      [(identifier) (scoped_identifier)] @import)))))
(use_declaration argument:
  (scoped_use_list path: (_) @qualifier list: (use_list
    (scoped_use_list path: (_) @qualifier list: (use_list
      (scoped_use_list path: (_) @qualifier list: (use_list
        [(identifier) (scoped_identifier)] @import)))))))
(use_declaration argument:
  (scoped_use_list path: (_) @qualifier list: (use_list
    (use_as_clause path: (_) @import alias: (_) @alias))))
(use_declaration argument:
  (scoped_use_list path: (_) @qualifier list: (use_list
    (scoped_use_list path: (_) @qualifier list: (use_list
      (use_as_clause path: (_) @import alias: (_) @alias))))))
(use_declaration argument:
  (scoped_use_list path: (_) @qualifier list: (use_list
    (scoped_use_list path: (_) @qualifier list: (use_list
      (scoped_use_list path: (_) @qualifier list: (use_list
        (use_as_clause path: (_) @import alias: (_) @alias))))))))
(use_declaration argument:
  (scoped_use_list path: (_) @import list: (use_list
    (self))))
(use_declaration argument:
  (scoped_use_list path: (_) @qualifier list: (use_list
    (scoped_use_list path: (_) @import list: (use_list
      (self))))))
(use_declaration argument:
  (scoped_use_list path: (_) @qualifier list: (use_list
    (scoped_use_list path: (_) @qualifier list: (use_list
      (scoped_use_list path: (_) @import list: (use_list
        (self))))))))
((use_declaration argument:
  (scoped_use_list path: (_) @qualifier list: (use_list
    (use_wildcard (_) @qualifier) @import)))
  (#set! name "*"))
((use_declaration argument:
  (scoped_use_list path: (_) @qualifier list: (use_list
    (scoped_use_list path: (_) @qualifier list: (use_list
      (use_wildcard (_) @qualifier) @import)))))
  (#set! name "*"))
((use_declaration argument:
  (scoped_use_list path: (_) @qualifier list: (use_list
    (scoped_use_list path: (_) @qualifier list: (use_list
      (scoped_use_list path: (_) @qualifier list: (use_list
        (use_wildcard (_) @qualifier) @import)))))))
  (#set! name "*"))

; traits of types, and of traits
(impl_item trait: (_) @inherit)
(trait_item bounds: (trait_bounds [(type_identifier) (scoped_type_identifier) (generic_type)] @inherit))
((attribute_item (attribute (identifier) @if arguments: (token_tree (identifier) @inherit)))
  (#set! only "derive"))
((attribute_item (attribute (identifier) @if arguments: (token_tree (identifier) @skip . "::")))
  (#set! only "derive"))

; types
((type_identifier) @use (#set! but
    "Box|Option|Result|Self|String|Vec|_"))
(scoped_type_identifier path: (_) @qualifier name: (_) @use)
(type_parameter name: (type_identifier) @local)
(struct_item name: (_) @skip)
(union_item name: (_) @skip)
(enum_item name: (_) @skip)
(trait_item name: (_) @skip)
(type_item name: (_) @skip)
(associated_type name: (_) @skip)
(impl_item type: (type_identifier) @skip)
(impl_item type: (generic_type type: (type_identifier) @skip))
(tuple_struct_pattern type: (_) @use)
(struct_pattern type: (_) @use)

; names of the file as values
(arguments (identifier) @value)
(field_initializer value: (identifier) @value)
(shorthand_field_initializer (identifier) @value)
(let_declaration value: (identifier) @value)
(const_item value: (identifier) @value)
(static_item value: (identifier) @value)
(array_expression (identifier) @value)
(tuple_expression (identifier) @value)
(binary_expression (identifier) @value)
(reference_expression value: (identifier) @value)
(index_expression (identifier) @value)
(assignment_expression right: (identifier) @value)
(match_pattern (identifier) @value)
(token_tree (identifier) @value)
(token_tree (identifier) @qualifier . "::" . (identifier) @value)
(scoped_identifier path: (_) @qualifier name: (identifier) @value)
