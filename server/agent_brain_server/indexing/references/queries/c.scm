; inherits: c_family
((type_identifier) @use
  (#set! but
    "FILE|bool|int16_t|int32_t|int64_t|int8_t|intptr_t|off_t|ptrdiff_t|size_t|ssize_t|time_t|uint16_t|uint32_t|uint64_t|uint8_t|uintptr_t|va_list"))
