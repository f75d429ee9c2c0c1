Reading. A filtered search is `with_allowed` or `with_allowed_among` (given rows only), the filters that are asked for,
then the statement that closes the list.

-- search_lexical --
SELECT rowid, -bm25(chunk_terms, :symbol, :path, :documentation, :body) AS score
FROM chunk_terms
WHERE chunk_terms MATCH :match
ORDER BY score DESC, rowid
LIMIT :limit

-- with_allowed --
WITH allowed (row) AS (
    SELECT row FROM chunks WHERE TRUE

-- with_allowed_among --
WITH allowed (row) AS (
    SELECT chunks.row FROM json_each(:rows) AS hit CROSS JOIN chunks ON chunks.row = hit.value WHERE TRUE

-- filter_languages --
    AND language IN (SELECT value FROM json_each(:languages))

-- filter_kinds --
    AND kind IN (SELECT value FROM json_each(:kinds))

-- filter_paths --
    AND file_id IN (SELECT id FROM files WHERE path_matches(:paths, path))

-- filter_symbols --
    AND name IN (SELECT value FROM json_each(:last_parts))
    AND symbol_matches(:symbols, symbol)

-- search_lexical_allowed --
)
SELECT rowid, -bm25(chunk_terms, :symbol, :path, :documentation, :body) AS score
FROM chunk_terms
WHERE chunk_terms MATCH :match AND +rowid IN (SELECT row FROM allowed)
ORDER BY score DESC, rowid
LIMIT :limit

-- select_allowed --
)
SELECT row FROM allowed

-- find_term_frequency --
SELECT doc FROM term_frequencies WHERE term = :term

-- find_row_range --
SELECT (SELECT min(row) FROM chunks), (SELECT max(row) FROM chunks)

-- find_row_from --
SELECT row FROM chunks WHERE row >= :row ORDER BY row LIMIT 1

-- find_generation --
SELECT generation FROM meta

-- count_chunks --
SELECT count(*) FROM chunks

-- fetch_chunks --
SELECT
    chunks.row, chunk_id, files.path, start_line, end_line, chunks.language, kind, symbol, signature, documentation, text
FROM json_each(:rows) AS asked
CROSS JOIN chunks ON chunks.row = asked.value
CROSS JOIN files ON files.id = file_id

-- find_chunk --
SELECT
    chunks.row, chunk_id, path, start_line, end_line, chunks.language, kind, symbol, signature, documentation, text
FROM chunks JOIN files ON files.id = chunks.file_id
WHERE chunk_id = :chunk_id

-- find_files --
SELECT path, folder, content_hash, size, mtime_ns, language, chunk_count, note, indexed_at
FROM files
WHERE path IN (SELECT value FROM json_each(:paths))

-- count_all --
SELECT
    (SELECT count(*) FROM files WHERE language <> ''), (SELECT count(*) FROM chunks), (SELECT count(*) FROM vectors),
    (SELECT embedded_texts FROM meta)

-- count_languages --
SELECT language, count(*) FROM files WHERE language <> '' GROUP BY language ORDER BY language

-- select_rows --
SELECT row FROM chunks WHERE row <= :last ORDER BY row

-- select_vectors_after --
SELECT chunks.row, vector
FROM chunks JOIN vectors ON vectors.text_hash = chunks.text_hash
WHERE chunks.row > :last
ORDER BY chunks.row
