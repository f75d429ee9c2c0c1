; calls
(apply function: (variable) @call)
((apply function: (constructor) @call) (#set! but "Just|Left|Right"))
(apply function: (qualified module: (_) @qualifier id: (_) @call))
(infix operator: (infix_id (_) @call))
((infix left_operand: [(variable) (constructor)] @call operator: (operator) @if) (#set! only "[$]!?|<[$]!?>|[.]|=<<|<=<"))
((infix left_operand: (qualified module: (_) @qualifier id: (variable) @call) operator: (operator) @if)
  (#set! only "[$]!?|<[$]!?>|[.]|=<<|<=<"))
(record constructor: (constructor) @call)

; imports
(import module: (_) @module !names)
(import module: (_) @module alias: (_) @alias !names)
(import module: (_) @module names: (import_list name: (import_name . (_) @import)))
(import module: (_) @module alias: (_) @alias names: (import_list name: (import_name . (_) @import)))
(import "hiding" names: (import_list name: (import_name . (_) @skip)))
(import module: (_) @module "hiding" @import (#set! name "*"))

; instances
(instance name: (_) @inherit)
(class context: (context (_ (apply constructor: (_) @inherit))))
(class context: (context (apply constructor: (_) @inherit)))
(deriving classes: (name) @inherit)
(deriving classes: (tuple (name) @inherit))

; types
((name) @use (#set! but "Bool|Char|Double|Either|Float|IO|Int|Integer|Maybe|Ordering|String|Word"))
(qualified module: (_) @qualifier id: (name) @use)
(data_type name: (_) @skip)
(newtype name: (_) @skip)
(type_synonym name: (_) @skip)
(class name: (_) @skip)

; names of the file as values
(apply argument: (variable) @value)
(apply argument: (qualified module: (_) @qualifier id: (variable) @value))
(infix (variable) @value)
(infix operator: (operator) @value)
(match expression: (variable) @value)
(exp (variable) @value)
(list (variable) @value)
(tuple (variable) @value)
(parens (variable) @value)
