; calls
((call !receiver method: (identifier) @call)
  (#set! but
    "attr_accessor|attr_reader|attr_writer|block_given[?]|lambda|loop|private|proc|protected|public|puts|raise"))
(call !receiver method: (constant) @call)
(call receiver: (_) @qualifier method: (_) @call)
(identifier) @bare
(method_parameters [
  (identifier) @local (optional_parameter name: (_) @local) (keyword_parameter name: (_) @local)
  (splat_parameter name: (_) @local) (hash_splat_parameter name: (_) @local) (block_parameter name: (_) @local)])
(block_parameters (identifier) @local)
(lambda_parameters (identifier) @local)
(assignment left: (identifier) @local)
(operator_assignment left: (identifier) @local)
(left_assignment_list (identifier) @local)
(exception_variable (identifier) @local)
(method name: (_) @skip)
(singleton_method name: (_) @skip)

; imports
((call !receiver method: (identifier) @if @skip arguments: (argument_list . (string) @module .))
  (#set! only "require|require_relative|load|import"))
((call !receiver method: (identifier) @if @skip arguments: (argument_list . (simple_symbol) @import (string) @module .))
  (#set! only "autoload"))

; base classes and modules
(superclass [(constant) (scope_resolution)] @inherit)
(superclass (call receiver: (_) @inherit))
((call !receiver method: (identifier) @if @skip
    arguments: (argument_list [(constant) (scope_resolution)] @inherit))
  (#set! only "include|extend|prepend"))

; constants
(constant) @use
(scope_resolution scope: (_) @qualifier name: (constant) @use)
(class name: (constant) @skip)
(class name: (scope_resolution name: (constant) @skip))
(module name: (constant) @skip)
(module name: (scope_resolution name: (constant) @skip))
(assignment left: (constant) @skip)
