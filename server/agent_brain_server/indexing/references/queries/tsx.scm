; inherits: typescript
((jsx_opening_element name: (_) @if @call) (#set! only "[A-Z].*"))
((jsx_self_closing_element name: (_) @if @call) (#set! only "[A-Z].*"))
(jsx_expression (identifier) @value)
