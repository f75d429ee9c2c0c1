"""From a file to what the store holds: decoding, language, chunks, terms, vectors."""
