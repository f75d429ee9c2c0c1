; calls
((command name: (command_name (word) @call))
  (#set! but
    ":|\\.|\\[|alias|bg|break|builtin|cd|command|continue|declare|echo|eval|exec|exit|export|false|getopts|let|local|popd|printf|pushd|pwd|read|readonly|return|set|shift|shopt|source|test|trap|true|type|typeset|umask|unalias|unset|wait"))

; imports
((command name: (command_name (word) @if) . argument: (_) @module) (#set! only "source|\\."))

; names of the file as values
(command argument: (word) @value)
(simple_expansion (variable_name) @value)
(expansion . (variable_name) @value)
