; calls
(invocation (object_reference) @call)

; tables
(relation (object_reference) @use)
(from (object_reference) @use)
(insert (object_reference) @use)
(column_definition (object_reference) @use)
(constraint (object_reference) @use)
(create_index (object_reference) @use)
(alter_table (object_reference) @use)
