Reading. A search is its opening block, the filters that are asked for, then the block that closes it. Every condition names
the project, also where a key would imply it: a distributed database then needs one node for it.

-- begin_vector_search --
SELECT
    generation,
    chunks,
    coalesce((SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('vectors_by_distance')), FALSE),
    set_config('hnsw.iterative_scan', 'relaxed_order', FALSE),
    set_config('hnsw.ef_search', CAST(:ef_search AS text), FALSE)
FROM index_state
WHERE project_id = :project

-- find_frequencies --
SELECT s.generation, s.chunks, s.terms, row_security_active('agent_brain.chunk_terms'), f.lexeme, f.chunks
FROM index_state AS s
LEFT JOIN term_frequencies AS f
    ON f.project_id = :project AND f.lexeme = ANY(CAST(:lexemes AS text[])) AND f.chunks > 0
WHERE s.project_id = :project

-- search_lexical --
SELECT found.row, CAST(0 AS double precision)

-- score_term --
    + coalesce(
        CAST(:idf_{slot} AS double precision) * (found.f_{slot} * 2.2)
        / (found.f_{slot} + 1.2 * (0.25 + 0.75 * found.length / CAST(:average AS double precision))), 0
    )

-- search_lexical_from --
    AS score
FROM (
    SELECT t.row, CAST(t.length AS double precision) AS length

-- weigh_term --
        , 8 * CAST(
            ts_rank_cd(CAST('{{0.125, 0.25, 0.5, 1}}' AS real[]), t.terms, CAST(CAST(:term_{slot} AS text) AS tsquery))
            AS double precision
        ) AS f_{slot}

-- search_lexical_matching --
    FROM chunk_terms AS t
    WHERE t.project_id = :project AND t.terms @@ CAST(CAST(:match AS text) AS tsquery)

-- search_lexical_guarded --
    FROM match_terms(:project, CAST(CAST(:match AS text) AS tsquery)) AS t
    WHERE TRUE

-- with_allowed --
        AND EXISTS (
            SELECT 1 FROM chunks AS c WHERE c.project_id = :project AND c.row = t.row

-- filter_languages --
            AND c.language = ANY(CAST(:languages AS text[]))

-- filter_kinds --
            AND c.kind = ANY(CAST(:kinds AS text[]))

-- filter_paths --
            AND c.file_id = ANY(CAST(:files AS bigint[]))

-- filter_symbols --
            AND c.name = ANY(CAST(:last_parts AS text[]))
            AND (c.symbol = ANY(CAST(:symbols AS text[])) OR c.symbol LIKE ANY(CAST(:symbol_ends AS text[])))

-- end_allowed --
        )

-- search_lexical_ordered --
    OFFSET 0
) AS found
ORDER BY score DESC, found.row
LIMIT :limit

-- count_allowed --
SELECT count(*) FROM (
    SELECT 1 FROM chunks AS c WHERE c.project_id = :project

-- end_count_allowed --
    LIMIT :limit
) AS allowed

-- search_vector_exact --
WITH nearest AS MATERIALIZED (
    SELECT text_hash, -(vector <#> CAST(:vector AS vector)) AS score
    FROM vectors
    WHERE project_id = :project
    ORDER BY score DESC
    FETCH FIRST :limit ROWS WITH TIES
)
SELECT c.row, nearest.score
FROM nearest LEFT JOIN chunks AS c ON c.project_id = :project AND c.text_hash = nearest.text_hash
ORDER BY nearest.score DESC, c.row

-- search_vector_allowed --
SELECT c.row, -(v.vector <#> CAST(:vector AS vector)) AS score
FROM chunks AS c JOIN vectors AS v ON v.project_id = :project AND v.text_hash = c.text_hash
WHERE c.project_id = :project

-- end_search_vector_allowed --
ORDER BY score DESC, c.row
LIMIT :limit

-- search_vector_nearest --
WITH nearest AS MATERIALIZED (
    SELECT v.text_hash, v.vector
    FROM vectors AS v
    WHERE v.project_id = :project AND (
        SELECT TRUE FROM chunks AS c WHERE c.project_id = :project AND c.text_hash = v.text_hash

-- end_search_vector_nearest --
        LIMIT 1
    )

-- order_by_vector --
    ORDER BY v.vector <=> CAST(:vector AS vector)

-- order_by_halfvec --
    ORDER BY CAST(v.vector AS halfvec({slot})) <=> CAST(CAST(:vector AS vector) AS halfvec({slot}))

-- search_vector_chunks --
    LIMIT :limit
)
SELECT c.row, -(nearest.vector <#> CAST(:vector AS vector)) AS score
FROM nearest JOIN chunks AS c ON c.project_id = :project AND c.text_hash = nearest.text_hash
WHERE TRUE

-- list_paths --
SELECT id, path FROM files WHERE project_id = :project

-- fetch_chunks --
SELECT
    c.row, c.chunk_id, f.path, c.start_line, c.end_line, c.language, c.kind, c.symbol, c.signature, c.documentation, c.text
FROM chunks AS c JOIN files AS f ON f.project_id = :project AND f.id = c.file_id
WHERE c.project_id = :project AND c.row = ANY(CAST(:rows AS bigint[]))

-- find_chunk --
SELECT
    c.row, c.chunk_id, f.path, c.start_line, c.end_line, c.language, c.kind, c.symbol, c.signature, c.documentation, c.text
FROM chunks AS c JOIN files AS f ON f.project_id = :project AND f.id = c.file_id
WHERE c.project_id = :project AND c.chunk_id = :chunk_id

-- find_files --
SELECT path, folder, content_hash, size, mtime_ns, language, chunk_count, note, indexed_at
FROM files
WHERE project_id = :project AND path = ANY(CAST(:paths AS text[]))

-- count_all --
SELECT chunks, vectors, embedded_texts FROM index_state WHERE project_id = :project

-- count_files --
SELECT count(*) FROM files WHERE project_id = :project AND language <> ''

-- count_languages --
SELECT language, count(*) FROM files WHERE project_id = :project AND language <> '' GROUP BY language ORDER BY language

-- measure_tables --
SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'agent_brain' AND c.relkind IN ('r', 'p')

-- check_health --
SELECT current_setting('server_version'), (SELECT extversion FROM pg_extension WHERE extname = 'vector')
